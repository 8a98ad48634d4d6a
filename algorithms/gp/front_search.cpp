// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/front_search.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "algorithms/pareto/front.h"

namespace hone::gp {
namespace {

using Eigen::Index;
using pareto::Losses;

constexpr std::size_t kSearchWhole = 1024;
constexpr std::size_t kScreened = 96;  // candidates whose values are computed
constexpr std::size_t kKept = 48;      // parents of a generation
constexpr int kGenerations = 4;
constexpr double kLargest = 1e12;  // of a value: distances on the front must be finite

/// Points and what the criteria say of them.
struct Population {
  std::vector<VectorXd> points;
  std::vector<Losses> losses;

  void Add(const MatrixXd& those, const MatrixXd& values) {
    for (Index i = 0; i < those.cols(); ++i) {
      points.emplace_back(those.col(i));
      const VectorXd loss = (-values.row(i).transpose()).cwiseMax(-kLargest).cwiseMin(kLargest);
      losses.emplace_back(loss.begin(), loss.end());
    }
  }
  void Keep(std::size_t most) {
    Population kept;
    for (const std::size_t i : pareto::Elite(losses, std::min(most, losses.size()))) {
      kept.points.push_back(std::move(points[i]));
      kept.losses.push_back(std::move(losses[i]));
    }
    *this = std::move(kept);
  }
};

MatrixXd Columns(const std::vector<VectorXd>& points, Index rows) {
  MatrixXd columns(rows, std::ssize(points));
  for (std::size_t i = 0; i < points.size(); ++i) {
    columns.col(static_cast<Index>(i)) = points[i];
  }
  return columns;
}

/// Those that may be proposed, snapped.
MatrixXd Free(const Dimensions& dimensions, const MatrixXd& points, const SearchOptions& options) {
  std::vector<VectorXd> free;
  for (Index i = 0; i < points.cols(); ++i) {
    VectorXd point = Snapped(dimensions, points.col(i));
    if (!options.taken(point) && (!options.feasible || options.feasible(point))) {
      free.push_back(std::move(point));
    }
  }
  return Columns(free, points.rows());
}

}  // namespace

std::optional<VectorXd> SearchFront(const Dimensions& dimensions, const Criteria& criteria,
                                    const MatrixXd& incumbents, const SearchOptions& options,
                                    Rng rng) {
  const std::optional<MatrixXd> all = AllPoints(dimensions, kSearchWhole);
  const MatrixXd candidates =
      Free(dimensions, all ? *all : Candidates(dimensions, incumbents, options, rng), options);
  if (candidates.cols() == 0) {
    return std::nullopt;
  }
  Population population;
  population.Add(candidates, criteria.rough(candidates));
  population.Keep(kScreened);
  const MatrixXd screened = Columns(population.points, candidates.rows());
  population = {};
  population.Add(screened, criteria.values(screened));
  for (int generation = 0; generation < kGenerations && !all; ++generation) {
    population.Keep(kKept);
    const MatrixXd parents = Columns(population.points, candidates.rows());
    const MatrixXd near = Clamped(Neighbours(dimensions, parents, 1, rng), options.region);
    const MatrixXd children = Free(dimensions, near, options);
    if (children.cols() > 0) {
      population.Add(children, criteria.values(children));
    }
  }
  const std::vector<std::size_t> front = pareto::Front(population.losses);
  return population.points[front[rng.Below(static_cast<std::uint32_t>(front.size()))]];
}

}  // namespace hone::gp
