// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/hypervolume.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace hone::gp {
namespace {

using Eigen::Index;
using pareto::Losses;

constexpr double kNothing = -std::numeric_limits<double>::infinity();

/// The logarithm of E max(0, level - y), and its derivatives by mean and sd.
struct Gain {
  double log = kNothing;
  double by_mean = 0;
  double by_sd = 0;
};

Gain GainBelow(double level, double mean, double sd) {
  double slope = 0;
  const double z = (level - mean) / sd;
  const double log = LogExpectedImprovement(z, &slope) + std::log(sd);
  return {log, -slope / sd, (1 - slope * z) / sd};
}

/// Of the difference of two: the logarithm of E max(0, high - max(low, y)).
Gain Between(const Gain& low, const Gain& high) {
  if (low.log == kNothing) {
    return high;
  }
  const double share = std::exp(low.log - high.log);
  if (!(share < 1)) {
    return {};
  }
  const double rest = 1 - share;
  return {high.log + std::log1p(-share), (high.by_mean - share * low.by_mean) / rest,
          (high.by_sd - share * low.by_sd) / rest};
}

std::vector<Losses> Sorted(std::span<const Losses> points, std::size_t objective) {
  std::vector<Losses> sorted(points.begin(), points.end());
  std::ranges::stable_sort(sorted, {}, [&](const Losses& point) { return point[objective]; });
  return sorted;
}

/// The points that no other is better than in the first two objectives, the first ascending.
std::vector<Losses> Staircase(std::span<const Losses> points) {
  std::vector<Losses> sorted(points.begin(), points.end());
  std::ranges::sort(sorted);
  std::vector<Losses> stairs;
  for (const Losses& point : sorted) {
    if (stairs.empty() || point[1] < stairs.back()[1]) {
      stairs.push_back(point);
    }
  }
  return stairs;
}

}  // namespace

Undominated::Undominated(std::span<const Losses> front, const Losses& reference)
    : levels_(reference.size()) {
  for (std::size_t k = 0; k < reference.size(); ++k) {
    for (const Losses& point : front) {
      levels_[k].push_back(point[k]);
    }
    levels_[k].push_back(reference[k]);
    std::ranges::sort(levels_[k]);
    levels_[k].erase(std::unique(levels_[k].begin(), levels_[k].end()), levels_[k].end());
    levels_[k].insert(levels_[k].begin(), kNothing);
  }
  if (reference.size() == 2) {
    AddPlane(front, {});
    return;
  }
  // Slices of the third objective: in each, the points that are at least as good there count.
  const std::vector<Losses> sorted = Sorted(front, 2);
  for (std::size_t level = 0; level + 1 < levels_[2].size(); ++level) {
    const auto end = std::ranges::upper_bound(sorted, levels_[2][level], {},
                                              [](const Losses& point) { return point[2]; });
    AddPlane(std::span(sorted.begin(), end), {level, level + 1});
  }
}

std::size_t Undominated::LevelOf(std::size_t objective, double value) const {
  const std::vector<double>& levels = levels_[objective];
  return static_cast<std::size_t>(std::ranges::lower_bound(levels, value) - levels.begin());
}

/// The boxes left of, between and right of the stairs of a front of the first two objectives.
void Undominated::AddPlane(std::span<const Losses> front, Interval third) {
  std::size_t low = 0;
  std::size_t top = levels_[1].size() - 1;
  for (const Losses& stair : Staircase(front)) {
    const std::size_t high = LevelOf(0, stair[0]);
    cells_.push_back({{Interval{low, high}, Interval{0, top}, third}});
    low = high;
    top = LevelOf(1, stair[1]);
  }
  cells_.push_back({{Interval{low, levels_[0].size() - 1}, Interval{0, top}, third}});
}

double Undominated::LogExpected(std::span<const double> mean, std::span<const double> sd,
                                std::vector<std::array<double, 2>>* slopes) const {
  const std::size_t count = objectives();
  std::array<std::vector<Gain>, kMostForHypervolume> gains;
  for (std::size_t k = 0; k < count; ++k) {
    gains[k].resize(levels_[k].size());
    for (std::size_t i = 1; i < levels_[k].size(); ++i) {
      gains[k][i] = GainBelow(levels_[k][i], mean[k], sd[k]);
    }
  }
  std::vector<std::array<Gain, kMostForHypervolume>> factors(cells_.size());
  std::vector<double> logs(cells_.size(), 0);
  double most = kNothing;
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    for (std::size_t k = 0; k < count; ++k) {
      const Interval& side = cells_[c].sides[k];
      factors[c][k] = Between(gains[k][side.low], gains[k][side.high]);
      logs[c] += factors[c][k].log;
    }
    most = std::max(most, logs[c]);
  }
  if (slopes != nullptr) {
    slopes->assign(count, {0, 0});
  }
  if (most == kNothing) {
    return kNothing;
  }
  double sum = 0;
  for (const double log : logs) {
    sum += std::exp(log - most);
  }
  for (std::size_t c = 0; slopes != nullptr && c < cells_.size(); ++c) {
    const double share = std::exp(logs[c] - most) / sum;
    for (std::size_t k = 0; k < count; ++k) {
      (*slopes)[k][0] += share * factors[c][k].by_mean;
      (*slopes)[k][1] += share * factors[c][k].by_sd;
    }
  }
  return most + std::log(sum);
}

namespace {

VectorXd GainsAt(const Undominated& undominated, const std::vector<const Model*>& models,
                 const MatrixXd& points) {
  std::vector<Prediction> predictions;
  predictions.reserve(models.size());
  for (const Model* model : models) {
    predictions.push_back(model->Predict(points));
  }
  VectorXd values(points.cols());
  std::vector<double> mean(models.size());
  std::vector<double> sd(models.size());
  for (Index i = 0; i < values.size(); ++i) {
    for (std::size_t k = 0; k < models.size(); ++k) {
      mean[k] = predictions[k].mean[i];
      sd[k] = predictions[k].sd[i];
    }
    values[i] = undominated.LogExpected(mean, sd, nullptr);
  }
  return values;
}

double GainAt(const Undominated& undominated, const std::vector<const Model*>& models,
              const VectorXd& point, VectorXd* gradient) {
  std::vector<PointPrediction> at;
  std::vector<double> mean(models.size());
  std::vector<double> sd(models.size());
  at.reserve(models.size());
  for (std::size_t k = 0; k < models.size(); ++k) {
    at.push_back(models[k]->PredictAt(point));
    mean[k] = at[k].mean;
    sd[k] = at[k].sd;
  }
  std::vector<std::array<double, 2>> slopes;
  const double value = undominated.LogExpected(mean, sd, &slopes);
  *gradient = VectorXd::Zero(point.size());
  for (std::size_t k = 0; k < models.size(); ++k) {
    *gradient += slopes[k][0] * at[k].mean_slope + slopes[k][1] * at[k].sd_slope;
  }
  return value;
}

}  // namespace

Criterion HypervolumeGain(const Undominated& undominated, std::span<const Model* const> models,
                          Weights weights) {
  const std::vector<const Model*> known(models.begin(), models.end());
  Criterion criterion;
  criterion.values = [undominated, known](const MatrixXd& points) {
    return GainsAt(undominated, known, points);
  };
  criterion.value_at = [undominated, known](const VectorXd& point, VectorXd* gradient) {
    return GainAt(undominated, known, point, gradient);
  };
  return Weighted(std::move(criterion), weights);
}

}  // namespace hone::gp
