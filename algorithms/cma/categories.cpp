// SPDX-License-Identifier: Apache-2.0
// Letters as in arXiv 2504.07884, section 3: q probabilities, s path, Delta inverse step size.
// Differs from it in: beta is at most 1, so that the path stays real however small Delta gets.
#include "algorithms/cma/categories.h"

#include <algorithm>
#include <cmath>

namespace hone::cma {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr double kSignalToNoise = 1.5;  // alpha_SNR

/// The gradient of one variable's first K - 1 probabilities times the root of the Fisher matrix
/// (Akimoto et al. 2019, appendix B).
VectorXd InFisherMetric(const VectorXd& q, const VectorXd& gradient) {
  const Index n = q.size() - 1;
  const VectorXd root = q.head(n).cwiseSqrt();
  return gradient.head(n).cwiseQuotient(root) +
         root * (gradient.head(n).sum() / (q[n] + std::sqrt(q[n])));
}

/// Raises every probability to `least`; the others give in proportion to their excess.
void KeepLeast(VectorXd& q, double least) {
  q = q.cwiseMax(least);
  const double sum = q.sum();
  const double excess = sum - least * static_cast<double>(q.size());
  q.array() -= (sum - 1) / excess * (q.array() - least);
  q /= q.sum();
}

}  // namespace

Categories::Categories(const std::vector<Index>& choices, double alpha) : alpha_(alpha) {
  Index freedoms = 0;
  for (const Index k : choices) {
    q_.emplace_back(VectorXd::Constant(k, 1 / static_cast<double>(k)));
    freedoms += k - 1;
  }
  s_ = VectorXd::Zero(freedoms);
}

std::vector<Index> Categories::Sample(Rng& rng) const {
  std::vector<Index> chosen;
  chosen.reserve(q_.size());
  for (const VectorXd& q : q_) {
    double left = rng.Uniform();
    Index choice = 0;
    while (choice + 1 < q.size() && left >= q[choice]) {
      left -= q[choice++];
    }
    chosen.push_back(choice);
  }
  return chosen;
}

void Categories::Update(const std::vector<std::vector<Index>>& points, const VectorXd& weights) {
  std::vector<VectorXd> gradients;
  VectorXd in_metric(s_.size());
  Index at = 0;
  for (std::size_t v = 0; v < q_.size(); ++v) {
    VectorXd gradient = -q_[v] * weights.sum();
    for (std::size_t i = 0; i < points.size(); ++i) {
      gradient[points[i][v]] += weights[static_cast<Index>(i)];
    }
    in_metric.segment(at, q_[v].size() - 1) = InFisherMetric(q_[v], gradient);
    at += q_[v].size() - 1;
    gradients.push_back(std::move(gradient));
  }
  const double length = in_metric.norm();
  if (!(length > 0)) {
    return;
  }
  const double delta = 1 / inverse_step_;
  for (std::size_t v = 0; v < q_.size(); ++v) {
    q_[v] += delta / length * gradients[v];
  }
  const double beta = std::min(1.0, delta / std::sqrt(static_cast<double>(s_.size())));
  s_ = (1 - beta) * s_ + std::sqrt(beta * (2 - beta)) / length * in_metric;
  gamma_ = (1 - beta) * (1 - beta) * gamma_ + beta * (2 - beta);
  inverse_step_ *= std::exp(beta * (gamma_ - s_.squaredNorm() / kSignalToNoise));
  for (VectorXd& q : q_) {
    KeepLeast(q, alpha_ / static_cast<double>(q.size() - 1));
  }
}

}  // namespace hone::cma
