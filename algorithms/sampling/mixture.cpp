// SPDX-License-Identifier: Apache-2.0
#include "algorithms/sampling/mixture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "algorithms/sampling/normal.h"

namespace hone::sampling {
namespace {

using Eigen::ArrayXd;
using Eigen::ArrayXXd;
using Eigen::Index;

const double kRootOfTwoPi = std::sqrt(2 * std::numbers::pi);
// So many masses, each at least a third, are multiplied before a logarithm is taken.
constexpr Index kFactors = 256;
// From so many kernels on, those of a single coordinate are summed up in single precision.
constexpr Index kMany = 128;
constexpr double kLost = 1e-20;

/// What a normal distribution has in each cell, never zero.
Eigen::RowVectorXd CellMasses(const Coordinate& coordinate, double mean, double sd) {
  Eigen::RowVectorXd masses(static_cast<Index>(coordinate.cells()));
  for (std::size_t c = 0; c < coordinate.cells(); ++c) {
    masses[static_cast<Index>(c)] = std::max(
        NormalMass((coordinate.edges[c] - mean) / sd, (coordinate.edges[c + 1] - mean) / sd),
        std::numeric_limits<double>::min());
  }
  return masses;
}

/// Row = a cell or, at the end, the prior; column = a cell. Probabilities of the column's cell.
/// @param used  rows that are needed; the others are uniform
ArrayXXd CellProbabilities(const Coordinate& coordinate, double spread, double prior_share,
                           const std::vector<bool>& used) {
  const auto cells = static_cast<Index>(coordinate.cells());
  ArrayXXd p = ArrayXXd::Ones(cells + 1, cells);
  if (coordinate.categorical) {
    p.topRows(cells).setConstant(prior_share);
    p.matrix().diagonal().array() += 1.0;
  } else {
    for (Index row = 0; row < cells; ++row) {
      if (used[static_cast<std::size_t>(row)]) {
        p.row(row) =
            CellMasses(coordinate, MiddleOf(coordinate, static_cast<std::size_t>(row)), spread);
      }
    }
    p.row(cells) = CellMasses(coordinate, coordinate.prior_mean, coordinate.prior_sd);
  }
  return p.colwise() / p.rowwise().sum();
}

/// Of the sum of exponentials: of all components, and of the prior.
template <class Terms>
double LogSum(const Terms& terms, double prior) {
  const double top = std::max(terms.maxCoeff(), prior);
  return top + std::log((terms - top).exp().sum() + std::exp(prior - top));
}

}  // namespace

std::size_t CellOf(const Coordinate& coordinate, double u) {
  const auto after = std::upper_bound(coordinate.edges.begin() + 1, coordinate.edges.end() - 1, u);
  return static_cast<std::size_t>(after - coordinate.edges.begin()) - 1;
}

double MiddleOf(const Coordinate& coordinate, std::size_t cell) {
  return (coordinate.edges[cell] + coordinate.edges[cell + 1]) / 2;
}

double LogScale(const std::vector<Coordinate>& coordinates, std::span<const double> point,
                std::span<const double> spreads) {
  double scale = 0;
  double inside = 1;
  for (std::size_t d = 0; d < coordinates.size(); ++d) {
    if (coordinates[d].cells() > 0) {
      continue;
    }
    const double mean = point[d] / spreads[d];
    inside *= MassInside(mean, 1 / spreads[d] - mean) * spreads[d] * kRootOfTwoPi;
    scale -= mean * mean / 2;
    if (inside < 1e-200) {
      scale -= std::log(inside);
      inside = 1;
    }
  }
  return scale - std::log(inside);
}

/// Kernels of a coordinate with cells: they depend on nothing but the component's cell.
struct Mixture::Table {
  ArrayXXd log_probability;  // (component's cell, candidate's cell); the prior is the last row
  ArrayXXd cumulative;       // the same as probabilities, summed up along the rows
  std::vector<Index> rows;   // of each component
};

Mixture::Mixture(std::vector<Coordinate> coordinates, Components components)
    : coordinates_(std::move(coordinates)),
      components_(std::move(components)),
      tables_(coordinates_.size()) {
  for (std::size_t d = 0; d < coordinates_.size(); ++d) {
    if (coordinates_[d].cells() == 0) {
      continuous_.push_back(static_cast<Index>(d));
    }
  }
  SetWeights();
  AddTables();
  AddContinuous();
}

void Mixture::SetWeights() {
  const Index n = components_.points.rows();
  ArrayXd weights(n + 1);
  weights << components_.weights, components_.prior_weight;
  weights /= weights.sum();
  cumulative_.resize(weights.size());
  double sum = 0;
  for (Index i = 0; i < weights.size(); ++i) {
    cumulative_[i] = sum += weights[i];
  }
  constant_ = weights.head(n).log().matrix();
  log_prior_weight_ = std::log(weights[n]);
}

void Mixture::AddTables() {
  const Index n = components_.points.rows();
  for (std::size_t d = 0; d < coordinates_.size(); ++d) {
    const Coordinate& coordinate = coordinates_[d];
    if (coordinate.cells() == 0) {
      continue;
    }
    const auto column = static_cast<Index>(d);
    auto table = std::make_shared<Table>();  // shared between copies of the mixture
    std::vector<bool> used(coordinate.cells(), false);
    for (Index i = 0; i < n; ++i) {
      const std::size_t cell = CellOf(coordinate, components_.points(i, column));
      used[cell] = true;
      table->rows.push_back(static_cast<Index>(cell));
    }
    const double share = components_.prior_weight / static_cast<double>(n + 1);
    const ArrayXXd p = CellProbabilities(coordinate, components_.spreads(0, column), share, used);
    table->log_probability = p.log();
    table->cumulative = p;
    for (Index cell = 1; cell < p.cols(); ++cell) {
      table->cumulative.col(cell) += table->cumulative.col(cell - 1);
    }
    tables_[d] = std::move(table);
  }
}

void Mixture::AddContinuous() {
  const auto columns = static_cast<Index>(continuous_.size());
  linear_.resize(components_.points.rows(), columns);
  for (Index k = 0; k < columns; ++k) {
    linear_.col(k) = components_.points.col(continuous_[static_cast<std::size_t>(k)]);
  }
  if (columns == 0) {
    return;
  }
  AllAlike() ? AddAlike() : AddDifferent();
}

void Mixture::AddAlike() {
  if (components_.log_scales.size() > 0) {
    constant_.array() += components_.log_scales;
    return;
  }
  const Index columns = linear_.cols();
  ArrayXd spreads(columns);
  ArrayXd logs(columns);
  for (Index k = 0; k < columns; ++k) {
    spreads[k] = components_.spreads(0, continuous_[static_cast<std::size_t>(k)]);
    logs[k] = std::log(spreads[k] * kRootOfTwoPi);
  }
  const ArrayXd half_precisions = 0.5 / (spreads * spreads);
  ArrayXd inside = ArrayXd::Ones(linear_.rows());
  for (Index begin = 0; begin < columns; begin += kFactors) {
    const Index end = std::min(begin + kFactors, columns);
    for (Index i = 0; i < linear_.rows(); ++i) {
      double constant = constant_[i];
      double mass = 1;
      for (Index k = begin; k < end; ++k) {
        const double mean = linear_(i, k);
        mass *= MassInside(mean / spreads[k], (1 - mean) / spreads[k]);
        constant -= mean * mean * half_precisions[k];
        constant -= logs[k];
      }
      constant_[i] = constant;
      inside[i] = mass;
    }
    constant_.array() -= inside.log();
  }
}

void Mixture::AddDifferent() {
  const Index n = linear_.rows();
  const Index columns = linear_.cols();
  quadratic_.resize(n, columns);
  ArrayXd inside = ArrayXd::Ones(n);  // times the spread
  for (Index k = 0; k < columns; ++k) {
    const ArrayXd means = linear_.col(k);
    const auto spreads = components_.spreads.col(continuous_[static_cast<std::size_t>(k)]);
    for (Index i = 0; i < n; ++i) {
      inside[i] *= MassInside(means[i] / spreads[i], (1 - means[i]) / spreads[i]);
    }
    const ArrayXd precisions = spreads.square().inverse();
    linear_.col(k) = means * precisions;
    quadratic_.col(k) = -0.5 * precisions;
    constant_.array() -= 0.5 * means.square() * precisions + (spreads * kRootOfTwoPi).log();
    if ((k + 1) % kFactors == 0 || k + 1 == columns) {
      constant_.array() -= inside.log();
      inside.setOnes();
    }
  }
}

void Mixture::AddTerms(std::size_t d, const ArrayXd& x, Eigen::MatrixXd& terms) const {
  const Table& table = *tables_[d];
  for (Index j = 0; j < x.size(); ++j) {
    const auto cell = static_cast<Index>(CellOf(coordinates_[d], x[j]));
    const auto of_cell = table.log_probability.col(cell);
    for (Index i = 0; i < terms.rows(); ++i) {
      terms(i, j) += of_cell[table.rows[static_cast<std::size_t>(i)]];
    }
  }
}

Eigen::MatrixXd Mixture::Continuous(const ArrayXXd& x) const {
  Eigen::MatrixXd found(static_cast<Index>(continuous_.size()), x.rows());
  for (Index k = 0; k < found.rows(); ++k) {
    found.row(k) = x.col(continuous_[static_cast<std::size_t>(k)]).matrix().transpose();
  }
  return found;
}

ArrayXd Mixture::CommonTerm(const ArrayXXd& x) const {
  ArrayXd sum = ArrayXd::Zero(x.rows());
  if (AllAlike()) {
    for (const Index d : continuous_) {
      const double sd = components_.spreads(0, d);
      sum -= x.col(d).square() * (0.5 / (sd * sd));
    }
  }
  return sum;
}

ArrayXd Mixture::LogPrior(const ArrayXXd& x) const {
  ArrayXd sum = ArrayXd::Constant(x.rows(), log_prior_weight_);
  for (std::size_t d = 0; d < coordinates_.size(); ++d) {
    const Coordinate& coordinate = coordinates_[d];
    const auto of = x.col(static_cast<Index>(d));
    if (tables_[d] != nullptr) {
      const auto row = static_cast<Index>(coordinate.cells());
      for (Index j = 0; j < x.rows(); ++j) {
        const auto cell = static_cast<Index>(CellOf(coordinate, of[j]));
        sum[j] += tables_[d]->log_probability(row, cell);
      }
      continue;
    }
    const double mean = coordinate.prior_mean;
    const double sd = coordinate.prior_sd;
    const double inside = MassInside(mean / sd, (1 - mean) / sd);
    sum -= ((of - mean) / sd).square() / 2 + std::log(sd * kRootOfTwoPi * inside);
  }
  return sum;
}

ArrayXd Mixture::LogDensity(const ArrayXXd& x) const {
  const ArrayXd common = CommonTerm(x);
  const ArrayXd prior = LogPrior(x) - common;
  if (components_.points.rows() == 0) {
    return prior + common;
  }
  if (coordinates_.size() == 1 && tables_[0] == nullptr) {
    return LogDensityOfOne(x.col(0), prior) + common;
  }
  Eigen::MatrixXd features = Continuous(x);  // (coordinates, points)
  if (AllAlike()) {
    for (Index k = 0; k < features.rows(); ++k) {
      const double sd = components_.spreads(0, continuous_[static_cast<std::size_t>(k)]);
      features.row(k) /= sd * sd;
    }
  }
  Eigen::MatrixXd terms = linear_ * features;  // (components, points)
  if (!AllAlike()) {
    terms.noalias() += quadratic_ * features.array().square().matrix();
  }
  terms.colwise() += constant_;
  for (std::size_t d = 0; d < tables_.size(); ++d) {
    if (tables_[d] != nullptr) {
      AddTerms(d, x.col(static_cast<Index>(d)), terms);
    }
  }
  ArrayXd log_density(x.rows());
  for (Index j = 0; j < x.rows(); ++j) {
    log_density[j] = LogSum(terms.col(j).array(), prior[j]);
  }
  return log_density + common;
}

ArrayXd Mixture::LogDensityOfOne(const ArrayXd& x, const ArrayXd& prior) const {
  if (linear_.rows() >= kMany) {
    return LogDensityOfMany(x, prior);
  }
  const double scale = AllAlike() ? 1 / (components_.spreads(0, 0) * components_.spreads(0, 0)) : 1;
  ArrayXd terms(components_.points.rows());
  ArrayXd log_density(x.size());
  for (Index j = 0; j < x.size(); ++j) {
    terms = constant_.array() + linear_.col(0).array() * (x[j] * scale);
    if (!AllAlike()) {
      terms += quadratic_.col(0).array() * (x[j] * x[j]);
    }
    log_density[j] = LogSum(terms, prior[j]);
  }
  return log_density;
}

/// Not by linear and quadratic parts: they are large and cancel each other, which single precision
/// cannot afford.
ArrayXd Mixture::LogDensityOfMany(const ArrayXd& x, const ArrayXd& prior) const {
  using Eigen::ArrayXf;
  const ArrayXd means = components_.points.col(0);
  const ArrayXd spreads = components_.spreads.col(0).replicate(AllAlike() ? means.size() : 1, 1);
  const ArrayXd tops = constant_.array() + 0.5 * (means / spreads).square();
  const double highest = tops.maxCoeff();
  const ArrayXf near = (tops - highest).cast<float>();
  const ArrayXf precisions = (0.5 / spreads.square()).cast<float>();
  const ArrayXf middles = means.cast<float>();
  // Alike kernels have a part in common, which the caller adds and the prior comes without.
  const double common = AllAlike() ? 0.5 / (spreads[0] * spreads[0]) : 0;
  ArrayXd log_density(x.size());
  for (Index j = 0; j < x.size(); ++j) {
    const double of_all = x[j] * x[j] * common;
    const double of_prior = prior[j] - of_all - highest;
    const float sum =
        (near - (static_cast<float>(x[j]) - middles).square() * precisions).exp().sum();
    const double top = std::max(of_prior, 0.0);
    const double scaled = static_cast<double>(sum) * std::exp(-top) + std::exp(of_prior - top);
    // All may be so far below the highest top that nothing is left in single precision.
    log_density[j] =
        scaled > kLost
            ? top + std::log(scaled)
            : LogSum(tops - highest - 0.5 * ((x[j] - means) / spreads).square(), of_prior);
    log_density[j] += of_all + highest;
  }
  return log_density;
}

double Mixture::SampleOne(std::size_t d, Index component, Rng& rng) const {
  const double uniform = rng.Uniform();
  const Coordinate& coordinate = coordinates_[d];
  const auto column = static_cast<Index>(d);
  const bool prior = component == components_.points.rows();
  const Table* const table = tables_[d].get();
  if (table == nullptr) {
    return prior
               ? SampleTruncated(coordinate.prior_mean, coordinate.prior_sd, uniform)
               : SampleTruncated(components_.points(component, column),
                                 components_.spreads(AllAlike() ? 0 : component, column), uniform);
  }
  const auto cells = static_cast<Index>(coordinate.cells());
  const Index row = prior ? cells : table->rows[static_cast<std::size_t>(component)];
  Index cell = 0;
  while (cell < cells - 1 && table->cumulative(row, cell) <= uniform) {
    ++cell;
  }
  return MiddleOf(coordinate, static_cast<std::size_t>(cell));
}

ArrayXXd Mixture::Sample(Index count, Rng& rng) const {
  ArrayXXd x(count, static_cast<Index>(coordinates_.size()));
  const double* const begin = cumulative_.data();
  for (Index j = 0; j < count; ++j) {
    const double* const at = std::upper_bound(begin, begin + cumulative_.size() - 1, rng.Uniform());
    for (std::size_t d = 0; d < coordinates_.size(); ++d) {
      x(j, static_cast<Index>(d)) = SampleOne(d, at - begin, rng);
    }
  }
  return x;
}

}  // namespace hone::sampling
