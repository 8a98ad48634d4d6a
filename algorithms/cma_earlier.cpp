// SPDX-License-Identifier: Apache-2.0
#include "algorithms/cma_earlier.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <cstddef>

namespace hone {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// gamma and alpha of the paper: the best tenth, each seen through a kernel of this width. But for
// two and more results, so that there is a spread to learn.
constexpr double kBest = 0.1;
constexpr std::size_t kLeast = 3;
constexpr double kKernel = 0.1;

Result<std::vector<CmaPoint>> BestOf(const CmaSpace& space, const std::vector<EarlierTask>& tasks) {
  std::vector<CmaPoint> best;
  for (const EarlierTask& task : tasks) {
    std::vector<const EarlierResult*> order;
    for (const EarlierResult& result : task.results) {
      order.push_back(&result);
    }
    std::ranges::stable_sort(order, {}, [](const EarlierResult* result) { return result->loss; });
    const auto tenth =
        static_cast<std::size_t>(std::ceil(kBest * static_cast<double>(order.size())));
    order.resize(std::min(order.size(), std::max(tenth, kLeast)));
    for (const EarlierResult* result : order) {
      HONE_ASSIGN_OR_RETURN(CmaPoint point, space.Encode(result->values, {}));
      best.push_back(std::move(point));
    }
  }
  return best;
}

/// Half of the share of each choice is what chance would give it.
std::vector<VectorXd> Shares(const CmaSpace& space, const std::vector<CmaPoint>& points) {
  std::vector<VectorXd> shares;
  for (std::size_t v = 0; v < space.choices().size(); ++v) {
    VectorXd share = VectorXd::Zero(space.choices()[v]);
    for (const CmaPoint& point : points) {
      share[point.choices[v]] += 1;
    }
    shares.push_back(0.5 * (share.array() / share.sum() + 1 / static_cast<double>(share.size())));
  }
  return shares;
}

}  // namespace

Result<std::optional<CmaEarlier>> WhereEarlierWasGood(const CmaSpace& space,
                                                      const std::vector<EarlierTask>& tasks) {
  HONE_ASSIGN_OR_RETURN(const std::vector<CmaPoint> best, BestOf(space, tasks));
  if (best.empty()) {
    return std::optional<CmaEarlier>();
  }
  const Index d = space.numbers();
  MatrixXd points(d, std::ssize(best));
  for (std::size_t i = 0; i < best.size(); ++i) {
    points.col(static_cast<Index>(i)) = best[i].x;
  }
  CmaEarlier earlier;
  earlier.mean = points.rowwise().mean();
  points.colwise() -= earlier.mean;
  earlier.covariance = points * points.transpose() / static_cast<double>(points.cols());
  earlier.covariance.diagonal().array() += kKernel * kKernel;
  const Eigen::LLT<MatrixXd> llt(earlier.covariance);
  const MatrixXd factor = llt.matrixL();
  earlier.sigma = d > 0 ? std::exp(factor.diagonal().array().log().mean()) : 1;
  earlier.covariance /= earlier.sigma * earlier.sigma;
  earlier.probabilities = Shares(space, best);
  return std::optional(std::move(earlier));
}

}  // namespace hone
