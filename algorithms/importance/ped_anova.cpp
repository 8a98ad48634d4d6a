// SPDX-License-Identifier: Apache-2.0
#include "algorithms/importance/ped_anova.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "base/rng.h"

namespace hone::importance {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kMostCells = 50;
constexpr std::uint32_t kSamples = 100;
// Of a cell: 90 % of the narrowest kernel lie in its own cell.
constexpr double kNarrowest = 0.5 / 1.64;

std::size_t CellsOf(const PedFeature& feature) {
  if (feature.categorical) {
    return feature.cells;
  }
  return feature.cells > 0 ? std::min(feature.cells, kMostCells) : kMostCells;
}

/// Scott's rule, in cells. @param values  in cells, sorted
double Bandwidth(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) {
    squares += (value - mean) * (value - mean);
  }
  const double sd = std::sqrt(squares / std::max(1.0, n - 1));
  const double quartiles = values[(values.size() - 1) * 3 / 4] - values[(values.size() - 1) / 4];
  return std::max(1.059 * std::min(quartiles / 1.34, sd) * std::pow(n, -0.2), kNarrowest);
}

/// Masses of the cells under a normal kernel that is cut off at the ends.
ArrayXd KernelOf(double centre, double width, Index cells) {
  ArrayXd mass(cells);
  const auto below = [&](Index edge) {
    return std::erf((static_cast<double>(edge) - centre) / (width * std::numbers::sqrt2));
  };
  for (Index c = 0; c < cells; ++c) {
    mass[c] = below(c + 1) - below(c);
  }
  return mass / mass.sum();
}

/// Density on the grid, with a uniform prior of the weight of one value.
/// @param counts  of the values in each cell
ArrayXd DensityOf(const PedFeature& feature, const ArrayXd& counts) {
  const Index cells = counts.size();
  ArrayXd density = ArrayXd::Constant(cells, 1.0 / static_cast<double>(cells));
  if (feature.categorical) {
    return (density + counts) / (1 + counts.sum());
  }
  std::vector<double> values;
  for (Index c = 0; c < cells; ++c) {
    values.insert(values.end(), static_cast<std::size_t>(counts[c]), static_cast<double>(c) + 0.5);
  }
  const double width = Bandwidth(values);
  for (Index c = 0; c < cells; ++c) {
    if (counts[c] > 0) {
      density += counts[c] * KernelOf(static_cast<double>(c) + 0.5, width, cells);
    }
  }
  return density / (1 + counts.sum());
}

double DivergenceOf(const PedFeature& feature, Index d, const MatrixXd& points,
                    const std::vector<bool>& best) {
  const auto cells = static_cast<Index>(CellsOf(feature));
  ArrayXd all = ArrayXd::Zero(cells);
  ArrayXd top = ArrayXd::Zero(cells);
  for (Index row = 0; row < points.cols(); ++row) {
    const double u = points(d, row);
    if (std::isnan(u)) {
      continue;
    }
    const double place = feature.categorical ? u : u * static_cast<double>(cells);
    const Index cell = std::clamp(static_cast<Index>(place), Index{0}, cells - 1);
    all[cell] += 1;
    top[cell] += best[static_cast<std::size_t>(row)] ? 1 : 0;
  }
  const auto total = static_cast<double>(std::ranges::count(best, true));
  if (!(top.sum() > 0)) {
    return 0;
  }
  const ArrayXd p = DensityOf(feature, top);
  const ArrayXd q = DensityOf(feature, all);
  const double share_of_top = top.sum() / total;
  const double share_of_all = all.sum() / static_cast<double>(points.cols());
  return share_of_top * share_of_top / share_of_all * (q * (p / q - 1).square()).sum();
}

/// The `top` rows of least badness, those that come earlier first.
std::vector<bool> BestOf(const VectorXd& badness, std::size_t top) {
  std::vector<Index> order(static_cast<std::size_t>(badness.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, {}, [&](Index row) { return badness[row]; });
  std::vector<bool> best(order.size(), false);
  for (std::size_t i = 0; i < top; ++i) {
    best[static_cast<std::size_t>(order[i])] = std::isfinite(badness[order[i]]);
  }
  return best;
}

}  // namespace

std::vector<double> PedAnova(const std::vector<PedFeature>& features, const MatrixXd& points,
                             const std::vector<bool>& best) {
  std::vector<double> shares;
  for (std::size_t d = 0; d < features.size(); ++d) {
    shares.push_back(DivergenceOf(features[d], static_cast<Index>(d), points, best));
  }
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) {
    share = sum > 0 ? share / sum : 0;
  }
  return shares;
}

std::vector<Share> PedAnovaWithSpread(const std::vector<PedFeature>& features,
                                      const MatrixXd& points, const VectorXd& badness,
                                      std::size_t top, std::uint64_t seed) {
  std::vector<Share> shares;
  for (const double share : PedAnova(features, points, BestOf(badness, top))) {
    shares.push_back({share, 0});
  }
  const Index n = points.cols();
  MatrixXd drawn(points.rows(), n);
  VectorXd drawn_badness(n);
  MatrixXd samples(points.rows(), kSamples);
  for (std::uint32_t sample = 0; sample < kSamples; ++sample) {
    Rng rng(seed, Scope::Experiment(), Purpose::kFit, sample);
    for (Index row = 0; row < n; ++row) {
      const Index from = rng.Below(static_cast<std::uint32_t>(n));
      drawn.col(row) = points.col(from);
      drawn_badness[row] = badness[from];
    }
    const std::vector<double> found = PedAnova(features, drawn, BestOf(drawn_badness, top));
    samples.col(sample) = Eigen::Map<const VectorXd>(found.data(), points.rows());
  }
  for (std::size_t d = 0; d < shares.size(); ++d) {
    const ArrayXd row = samples.row(static_cast<Index>(d)).array();
    shares[d].spread = std::sqrt((row - row.mean()).square().sum() / (kSamples - 1));
  }
  return shares;
}

}  // namespace hone::importance
