// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/sample.h"

#include <cmath>
#include <limits>

namespace hone::gp {
namespace {

constexpr int kSteps = 4;      // between draws
constexpr int kWidenings = 3;  // of the interval, to either side
constexpr int kShrinks = 8;
constexpr double kWidth = 1.5;  // of the first interval

class Chain {
 public:
  Chain(const LogPosterior& posterior, VectorXd start, Rng rng)
      : posterior_(posterior),
        low_(posterior.LowerBounds()),
        high_(posterior.UpperBounds()),
        at_(std::move(start)),
        value_(posterior(at_, nullptr) + posterior.LogJacobian(at_)),
        rng_(rng) {}

  [[nodiscard]] const VectorXd& at() const { return at_; }

  void Step() {
    VectorXd direction(at_.size());
    for (double& x : direction) {
      x = rng_.Normal();
    }
    direction.normalize();
    const double level = value_ + std::log(1 - rng_.Uniform());
    double left = -kWidth * rng_.Uniform();
    double right = left + kWidth;
    for (int i = 0; i < kWidenings && ValueAt(direction, left) > level; ++i) {
      left -= kWidth;
    }
    for (int i = 0; i < kWidenings && ValueAt(direction, right) > level; ++i) {
      right += kWidth;
    }
    for (int i = 0; i < kShrinks; ++i) {
      const double step = left + (right - left) * rng_.Uniform();
      const double value = ValueAt(direction, step);
      if (value > level) {
        at_ += step * direction;
        value_ = value;
        return;
      }
      (step < 0 ? left : right) = step;
    }
  }

 private:
  [[nodiscard]] double ValueAt(const VectorXd& direction, double step) const {
    const VectorXd theta = at_ + step * direction;
    const bool inside =
        (theta.array() >= low_.array()).all() && (theta.array() <= high_.array()).all();
    return inside ? posterior_(theta, nullptr) + posterior_.LogJacobian(theta)
                  : -std::numeric_limits<double>::infinity();
  }

  const LogPosterior& posterior_;
  VectorXd low_;
  VectorXd high_;
  VectorXd at_;
  double value_;
  Rng rng_;
};

}  // namespace

std::vector<VectorXd> SliceSample(const LogPosterior& posterior, const VectorXd& start, int count,
                                  Rng rng) {
  Chain chain(posterior, start, rng);
  std::vector<VectorXd> draws{start};
  while (std::ssize(draws) < count) {
    for (int i = 0; i < kSteps; ++i) {
      chain.Step();
    }
    draws.push_back(chain.at());
  }
  return draws;
}

}  // namespace hone::gp
