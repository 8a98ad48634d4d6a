// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/candidates.h"

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace hone::gp {
namespace {

using Eigen::Index;

constexpr Index kNeighbours = 24;  // of each incumbent
// In a constrained space: Sobol points are drawn in blocks of what is wanted, neighbours likewise,
// until there are enough feasible ones; at most this many.
constexpr std::uint32_t kSobolBlocks = 16;
constexpr int kNeighbourBlocks = 4;

/// Points of the unit cube, in a box instead.
MatrixXd Scaled(MatrixXd points, const std::optional<Box>& region) {
  if (region) {
    points = ((region->high - region->low).asDiagonal() * points).colwise() + region->low;
  }
  return points;
}

/// Adds the feasible ones of some points, snapped, until there are `most`.
void Keep(const Dimensions& dimensions, const MatrixXd& points, const SearchOptions& options,
          std::size_t most, std::vector<VectorXd>& kept) {
  for (Index i = 0; i < points.cols() && kept.size() < most; ++i) {
    VectorXd point = Snapped(dimensions, points.col(i));
    if (!options.feasible || options.feasible(point)) {
      kept.push_back(std::move(point));
    }
  }
}

}  // namespace

MatrixXd Clamped(MatrixXd points, const std::optional<Box>& region) {
  for (Index i = 0; region && i < points.cols(); ++i) {
    points.col(i) = points.col(i).cwiseMax(region->low).cwiseMin(region->high);
  }
  return points;
}

std::vector<Index> BestFirst(const VectorXd& values) {
  std::vector<Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, [&](Index a, Index b) { return values[a] > values[b]; });
  return order;
}

MatrixXd Neighbours(const Dimensions& dimensions, const MatrixXd& incumbents, Index each,
                    Rng& rng) {
  MatrixXd points(incumbents.rows(), incumbents.cols() * each);
  const double move = std::min(1.0, 4.0 / static_cast<double>(dimensions.size()));
  for (Index i = 0; i < points.cols(); ++i) {
    points.col(i) = incumbents.col(i / each);
    const double width = 0.3 * std::pow(10.0, -2.5 * rng.Uniform());
    const auto always = static_cast<Index>(rng.Below(static_cast<std::uint32_t>(points.rows())));
    for (Index d = 0; d < points.rows(); ++d) {
      const bool moved = rng.Uniform() < move || d == always;
      const double step = rng.Normal();
      const double fresh = rng.Uniform();
      const bool choice = IsChoice(dimensions[static_cast<std::size_t>(d)]);
      const double there = choice ? fresh : std::clamp(points(d, i) + width * step, 0.0, 1.0);
      points(d, i) = moved ? there : points(d, i);
    }
  }
  return points;
}

MatrixXd Candidates(const Dimensions& dimensions, const MatrixXd& incumbents,
                    const SearchOptions& options, Rng& rng) {
  const auto rows = static_cast<Index>(dimensions.size());
  std::vector<VectorXd> near;
  const auto neighbours = static_cast<std::size_t>(incumbents.cols() * kNeighbours);
  for (int block = 0; block < kNeighbourBlocks && near.size() < neighbours; ++block) {
    const MatrixXd points =
        Clamped(Neighbours(dimensions, incumbents, kNeighbours, rng), options.region);
    Keep(dimensions, points, options, neighbours, near);
  }
  std::vector<VectorXd> kept;
  const auto wanted = static_cast<std::size_t>(options.sobol_points);
  for (std::uint32_t block = 0; block < kSobolBlocks && kept.size() < wanted; ++block) {
    const auto first = block * static_cast<std::uint32_t>(wanted);
    MatrixXd points = ShiftedSobol(rows, first, options.sobol_points, rng);
    Keep(dimensions, Scaled(std::move(points), options.region), options, wanted, kept);
  }
  kept.insert(kept.end(), near.begin(), near.end());
  MatrixXd candidates(rows, std::ssize(kept));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    candidates.col(static_cast<Index>(i)) = kept[i];
  }
  return candidates;
}

MatrixXd ShiftedSobol(Index dimensions, std::uint32_t first, Index count, Rng shift) {
  constexpr auto kMost = static_cast<Index>(boost::random::default_sobol_table::max_dimension);
  const Index even = std::min(dimensions, kMost);
  std::vector<std::uint32_t> flips(static_cast<std::size_t>(even));
  std::ranges::generate(flips, [&] { return shift(); });
  boost::random::sobol_engine<std::uint32_t, 32> engine(static_cast<std::size_t>(even));
  if (first > 0) {
    engine.seed(first - 1);  // Boost leaves the point at zero out
  }
  MatrixXd points(dimensions, count);
  for (Index i = 0; i < count; ++i) {
    const bool at_zero = first == 0 && i == 0;
    for (Index d = 0; d < even; ++d) {
      const std::uint32_t digits = at_zero ? 0 : engine();
      points(d, i) = (digits ^ flips[static_cast<std::size_t>(d)]) * 0x1p-32;
    }
    for (Index d = even; d < dimensions; ++d) {
      points(d, i) = shift.Uniform();
    }
  }
  return points;
}

std::optional<MatrixXd> AllPoints(const Dimensions& dimensions, std::size_t limit) {
  std::size_t total = 1;
  for (const Dimension& dimension : dimensions) {
    if (dimension.values.empty()) {
      return std::nullopt;
    }
    total *= dimension.values.size();
    if (total > limit) {
      return std::nullopt;
    }
  }
  const bool conditional =
      std::ranges::any_of(dimensions, [](const Dimension& d) { return d.parent.has_value(); });
  std::vector<VectorXd> points;
  for (std::size_t i = 0; i < total; ++i) {
    VectorXd point(static_cast<Index>(dimensions.size()));
    std::size_t rest = i;
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      const std::vector<double>& values = dimensions[d].values;
      point[static_cast<Index>(d)] = values[rest % values.size()];
      rest /= values.size();
    }
    // Of those that differ in inactive coordinates only, the snapped one stands for all.
    VectorXd snapped = Snapped(dimensions, point);
    if (!conditional || std::ranges::find(points, snapped) == points.end()) {
      points.push_back(std::move(snapped));
    }
  }
  MatrixXd all(static_cast<Index>(dimensions.size()), static_cast<Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) {
    all.col(static_cast<Index>(i)) = points[i];
  }
  return all;
}

}  // namespace hone::gp
