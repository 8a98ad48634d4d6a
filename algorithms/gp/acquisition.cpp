// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/acquisition.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hone::gp {
namespace {

const double kLogRoot2Pi = 0.5 * std::log(2 * std::numbers::pi);

// Below it the textbook formula loses too many digits.
constexpr double kTail = -4;

// Variance of a label, at least: regression of labels is never as sure as its fitted noise.
constexpr double kLeastLabelNoise = 0.05;

double LabelNoise(const Model& labels) {
  return std::max(std::exp(labels.hyper().log_noise), kLeastLabelNoise);
}

double Density(double z) {
  return std::exp(-0.5 * z * z - kLogRoot2Pi);
}

double Cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// r with Phi(-t) / phi(t) = 1 / (t + r), t >= 4: the rest of Laplace's continued fraction
/// 1 / (t + 1 / (t + 2 / (t + 3 / ...))). 40 terms give all digits there.
double MillsRest(double t) {
  double rest = 0;
  for (int k = 40; k >= 1; --k) {
    rest = k / (t + rest);
  }
  return rest;
}

}  // namespace

double LogExpectedImprovement(double z, double* slope) {
  if (z > kTail) {
    const double cdf = Cdf(z);
    const double h = Density(z) + z * cdf;
    if (slope != nullptr) {
      *slope = cdf / h;
    }
    return std::log(h);
  }
  // h = phi (1 - t / (t + r)) = phi r / (t + r) and Phi = phi / (t + r).
  const double t = -z;
  const double rest = MillsRest(t);
  if (slope != nullptr) {
    *slope = 1 / rest;
  }
  return -0.5 * z * z - kLogRoot2Pi + std::log(rest / (t + rest));
}

double LogNormalCdf(double z, double* slope) {
  if (z > kTail) {
    const double cdf = Cdf(z);
    if (slope != nullptr) {
      *slope = Density(z) / cdf;
    }
    return std::log(cdf);
  }
  const double sum = -z + MillsRest(-z);
  if (slope != nullptr) {
    *slope = sum;
  }
  return -0.5 * z * z - kLogRoot2Pi - std::log(sum);
}

namespace {

/// Logarithm of the probability that a prediction with noise has this sign.
VectorXd LogSign(const Model& model, double sign, double noise, const MatrixXd& points) {
  const Prediction at = model.Predict(points);
  const Eigen::ArrayXd spread = (at.sd.array().square() + noise).sqrt();
  return (sign * at.mean.array() / spread).unaryExpr([](double z) {
    return LogNormalCdf(z, nullptr);
  });
}

double LogSignAt(const Model& model, double sign, double noise, const VectorXd& point,
                 VectorXd* slopes) {
  const PointPrediction at = model.PredictAt(point);
  const double spread = std::sqrt(at.sd * at.sd + noise);
  const double z = sign * at.mean / spread;
  double slope = 0;
  const double value = LogNormalCdf(z, &slope);
  *slopes = slope / spread * (sign * at.mean_slope - z * at.sd / spread * at.sd_slope);
  return value;
}

}  // namespace

VectorXd LogFeasibility(const Model& labels, const MatrixXd& points) {
  return LogSign(labels, 1, LabelNoise(labels), points);
}

double LogFeasibilityAt(const Model& labels, const VectorXd& point, VectorXd* slopes) {
  return LogSignAt(labels, 1, LabelNoise(labels), point, slopes);
}

VectorXd LogKept(const Model& excess, const MatrixXd& points) {
  return LogSign(excess, -1, std::exp(excess.hyper().log_noise), points);
}

double LogKeptAt(const Model& excess, const VectorXd& point, VectorXd* slopes) {
  return LogSignAt(excess, -1, std::exp(excess.hyper().log_noise), point, slopes);
}

VectorXd Acquisition::Values(const Prediction& prediction) const {
  VectorXd values(prediction.mean.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    const double sd = prediction.sd[i];
    const double z = (best - xi - prediction.mean[i]) / sd;
    switch (kind) {
      case Kind::kLogEi:
        values[i] = LogExpectedImprovement(z, nullptr) + std::log(sd);
        break;
      case Kind::kLogPi:
        values[i] = LogNormalCdf(z, nullptr);
        break;
      case Kind::kLcb:
        values[i] = kappa * sd - prediction.mean[i];
        break;
    }
  }
  return values;
}

double Acquisition::ValueAt(const Model& model, const VectorXd& point, VectorXd* gradient) const {
  const PointPrediction at = model.PredictAt(point);
  double value = 0;
  if (kind == Kind::kLcb) {
    value = kappa * at.sd - at.mean;
    *gradient = kappa * at.sd_slope - at.mean_slope;
  } else {
    const double z = (best - xi - at.mean) / at.sd;
    double slope = 0;
    const bool improvement = kind == Kind::kLogEi;
    value =
        improvement ? LogExpectedImprovement(z, &slope) + std::log(at.sd) : LogNormalCdf(z, &slope);
    *gradient = -(slope / at.sd) * at.mean_slope +
                ((improvement ? 1 : 0) - slope * z) / at.sd * at.sd_slope;
  }
  return value;
}

}  // namespace hone::gp
