// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/criterion.h"

#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace hone::gp {
namespace {

using Eigen::Index;

struct Draw {
  Acquisition acquisition;
  const Model* model = nullptr;
};

/// Of values of several draws, in columns: the mean, or its logarithm if they are logarithms.
VectorXd MeanOf(const MatrixXd& values, bool logarithms) {
  if (!logarithms || values.cols() == 1) {
    return values.rowwise().mean();
  }
  const VectorXd most = values.rowwise().maxCoeff();
  const MatrixXd shares = (values.colwise() - most).array().exp().matrix();
  return most.array() + shares.rowwise().mean().array().log();
}

VectorXd ValuesOf(const std::vector<Draw>& draws, const MatrixXd& points, bool logarithms) {
  MatrixXd values(points.cols(), std::ssize(draws));
  for (std::size_t k = 0; k < draws.size(); ++k) {
    values.col(static_cast<Index>(k)) = draws[k].acquisition.Values(*draws[k].model, points);
  }
  return MeanOf(values, logarithms);
}

double ValueOf(const std::vector<Draw>& draws, const VectorXd& point, bool logarithms,
               VectorXd* gradient) {
  MatrixXd values(1, std::ssize(draws));
  MatrixXd slopes(point.size(), std::ssize(draws));
  for (std::size_t k = 0; k < draws.size(); ++k) {
    VectorXd slope;
    const auto column = static_cast<Index>(k);
    values(0, column) = draws[k].acquisition.ValueAt(*draws[k].model, point, &slope);
    slopes.col(column) = slope;
  }
  Eigen::RowVectorXd shares = Eigen::RowVectorXd::Ones(values.cols());
  if (logarithms) {
    shares = (values.array() - values.maxCoeff()).exp().matrix();
  }
  *gradient = slopes * (shares.transpose() / shares.sum());
  return MeanOf(values, logarithms)[0];
}

/// @returns  shape (m)
VectorXd WeightsAt(const Weights& weights, const MatrixXd& points) {
  VectorXd values = VectorXd::Zero(points.cols());
  if (weights.log_duration != nullptr) {
    values -= weights.log_duration->Predict(points).mean;
  }
  if (weights.feasibility != nullptr) {
    values += LogFeasibility(*weights.feasibility, points);
  }
  for (const Model* const bound : weights.bounds) {
    values += LogKept(*bound, points);
  }
  return values;
}

/// The same at one point. @param gradient  theirs is added
double AddWeightsAt(const Weights& weights, const VectorXd& point, VectorXd& gradient) {
  double value = 0;
  VectorXd slopes;
  if (weights.log_duration != nullptr) {
    const PointPrediction duration = weights.log_duration->PredictAt(point);
    value -= duration.mean;
    gradient -= duration.mean_slope;
  }
  if (weights.feasibility != nullptr) {
    value += LogFeasibilityAt(*weights.feasibility, point, &slopes);
    gradient += slopes;
  }
  for (const Model* const bound : weights.bounds) {
    value += LogKeptAt(*bound, point, &slopes);
    gradient += slopes;
  }
  return value;
}

constexpr std::array kEvery{Acquisition::Kind::kLogEi, Acquisition::Kind::kLogPi,
                            Acquisition::Kind::kLcb};

}  // namespace

Criterion Averaged(const Acquisition& acquisition, std::span<const Model> models, Weights weights) {
  std::vector<Draw> draws;
  for (const Model& model : models) {
    draws.push_back({acquisition, &model});
    draws.back().acquisition.best = model.best();
  }
  const bool logarithms = acquisition.kind != Acquisition::Kind::kLcb;
  Criterion criterion;
  criterion.values = [=](const MatrixXd& points) { return ValuesOf(draws, points, logarithms); };
  criterion.value_at = [=](const VectorXd& point, VectorXd* gradient) {
    return ValueOf(draws, point, logarithms, gradient);
  };
  if (draws.size() > 1) {
    criterion.rough = [=](const MatrixXd& points) {
      return draws.front().acquisition.Values(*draws.front().model, points);
    };
  }
  return Weighted(std::move(criterion), weights);
}

Criterion Chance(Weights weights) {
  Criterion nothing;
  nothing.values = [](const MatrixXd& points) -> VectorXd { return VectorXd::Zero(points.cols()); };
  nothing.value_at = [](const VectorXd& point, VectorXd* gradient) {
    gradient->setZero(point.size());
    return 0.0;
  };
  return Weighted(std::move(nothing), std::move(weights));
}

Criterion Weighted(Criterion criterion, Weights weights) {
  if (weights.IsNothing()) {
    return criterion;
  }
  Criterion weighted;
  weighted.values = [weights, of = criterion.values](const MatrixXd& points) -> VectorXd {
    return of(points) + WeightsAt(weights, points);
  };
  if (criterion.rough) {
    weighted.rough = [weights, of = criterion.rough](const MatrixXd& points) -> VectorXd {
      return of(points) + WeightsAt(weights, points);
    };
  }
  weighted.value_at = [weights, of = criterion.value_at](const VectorXd& point,
                                                         VectorXd* gradient) {
    const double value = of(point, gradient);
    return value + AddWeightsAt(weights, point, *gradient);
  };
  return weighted;
}

std::function<MatrixXd(const MatrixXd& points)> EveryAcquisition(std::span<const Model> draws,
                                                                 Weights weights) {
  return [draws, weights = std::move(weights)](const MatrixXd& points) {
    std::array<MatrixXd, kEvery.size()> values;
    values.fill(MatrixXd(points.cols(), std::ssize(draws)));
    for (std::size_t k = 0; k < draws.size(); ++k) {
      const Prediction prediction = draws[k].Predict(points);
      for (std::size_t a = 0; a < kEvery.size(); ++a) {
        const Acquisition acquisition{.kind = kEvery[a], .best = draws[k].best()};
        values[a].col(static_cast<Index>(k)) = acquisition.Values(prediction);
      }
    }
    MatrixXd means(points.cols(), std::ssize(kEvery));
    for (std::size_t a = 0; a < kEvery.size(); ++a) {
      means.col(static_cast<Index>(a)) = MeanOf(values[a], kEvery[a] != Acquisition::Kind::kLcb);
    }
    means.colwise() += WeightsAt(weights, points);
    return means;
  };
}

}  // namespace hone::gp
