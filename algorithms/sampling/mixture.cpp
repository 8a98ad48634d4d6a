// SPDX-License-Identifier: Apache-2.0
#include "algorithms/sampling/mixture.h"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace hone::sampling {
namespace {

using Eigen::Index;

const double kRootOfTwoPi = std::sqrt(2 * std::numbers::pi);

double NormalCdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// Probability between two bounds, exact in either tail.
double NormalMass(double low, double high) {
  return low > 0 ? NormalCdf(-low) - NormalCdf(-high) : NormalCdf(high) - NormalCdf(low);
}

/// Of a kernel, what lies inside of the bounds. @param below, above  distances of its mean from
/// them, in standard deviations, >= 0
double MassInside(double below, double above) {
  constexpr double kNothingBeyond = 8.3;  // less than half a unit in the last place of 1
  return 1 - (below < kNothingBeyond ? NormalCdf(-below) : 0) -
         (above < kNothingBeyond ? NormalCdf(-above) : 0);
}

double NormalQuantile(double p) {
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * std::clamp(p, 1e-300, 1 - 1e-16));
}

/// A normal distribution truncated to [0, 1], by inversion.
double SampleTruncated(double mean, double sd, double uniform) {
  const double low = NormalCdf(-mean / sd);
  const double high = NormalCdf((1 - mean) / sd);
  return std::clamp(mean + sd * NormalQuantile(low + uniform * (high - low)), 0.0, 1.0);
}

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
Eigen::ArrayXXd CellProbabilities(const Coordinate& coordinate, double spread, double prior_share) {
  const auto cells = static_cast<Index>(coordinate.cells());
  Eigen::ArrayXXd p(cells + 1, cells);
  if (coordinate.categorical) {
    p.setConstant(prior_share);
    p.matrix().diagonal().array() += 1.0;
    p.row(cells).setOnes();
  } else {
    for (Index row = 0; row < cells; ++row) {
      p.row(row) =
          CellMasses(coordinate, MiddleOf(coordinate, static_cast<std::size_t>(row)), spread);
    }
    p.row(cells) = CellMasses(coordinate, coordinate.prior_mean, coordinate.prior_sd);
  }
  return p.colwise() / p.rowwise().sum();
}

}  // namespace

std::size_t CellOf(const Coordinate& coordinate, double u) {
  const auto after = std::upper_bound(coordinate.edges.begin() + 1, coordinate.edges.end() - 1, u);
  return static_cast<std::size_t>(after - coordinate.edges.begin()) - 1;
}

double MiddleOf(const Coordinate& coordinate, std::size_t cell) {
  return (coordinate.edges[cell] + coordinate.edges[cell + 1]) / 2;
}

/// Kernels of a coordinate with cells: they depend on nothing but the component's cell.
struct Mixture::Table {
  Eigen::ArrayXXd log_probability;  // (component's cell, candidate's cell)
  Eigen::ArrayXXd cumulative;       // the same as probabilities, summed up along the rows
  std::vector<Index> rows;          // of each component
};

Mixture::Mixture(std::vector<Coordinate> coordinates, const Components& components)
    : coordinates_(std::move(coordinates)), tables_(coordinates_.size()) {
  const auto dimensions = static_cast<Index>(coordinates_.size());
  const Index n = components.points.rows();
  SetWeights(components);
  means_.resize(n + 1, dimensions);
  spreads_.resize(n + 1, dimensions);
  means_.topRows(n) = components.points;
  if (components.spreads.rows() == n) {
    spreads_.topRows(n) = components.spreads;
  } else {
    spreads_.topRows(n) = components.spreads.row(0).replicate(n, 1);
  }
  linear_ = Eigen::MatrixXd::Zero(n + 1, dimensions);
  quadratic_ = Eigen::MatrixXd::Zero(n + 1, dimensions);
  for (std::size_t d = 0; d < coordinates_.size(); ++d) {
    means_(n, static_cast<Index>(d)) = coordinates_[d].prior_mean;
    spreads_(n, static_cast<Index>(d)) = coordinates_[d].prior_sd;
    if (coordinates_[d].cells() > 0) {
      AddTable(d, components.prior_weight / static_cast<double>(n + 1));
    } else {
      AddContinuous(static_cast<Index>(d));
    }
  }
}

void Mixture::SetWeights(const Components& components) {
  Eigen::ArrayXd weights(components.points.rows() + 1);
  weights << components.weights, components.prior_weight;
  weights /= weights.sum();
  cumulative_.resize(weights.size());
  double sum = 0;
  for (Index i = 0; i < weights.size(); ++i) {
    cumulative_[i] = sum += weights[i];
  }
  constant_ = weights.log().matrix();
}

void Mixture::AddTable(std::size_t d, double prior_share) {
  const Coordinate& coordinate = coordinates_[d];
  const auto column = static_cast<Index>(d);
  const Index n = means_.rows() - 1;
  const Eigen::ArrayXXd p = CellProbabilities(coordinate, spreads_(0, column), prior_share);
  auto table = std::make_shared<Table>();  // shared between copies of the mixture
  table->log_probability = p.log();
  table->cumulative = p;
  for (Index cell = 1; cell < p.cols(); ++cell) {
    table->cumulative.col(cell) += table->cumulative.col(cell - 1);
  }
  for (Index i = 0; i < n; ++i) {
    table->rows.push_back(static_cast<Index>(CellOf(coordinate, means_(i, column))));
  }
  table->rows.push_back(static_cast<Index>(coordinate.cells()));
  tables_[d] = std::move(table);
}

void Mixture::AddContinuous(Index d) {
  for (Index i = 0; i < means_.rows(); ++i) {
    const double mean = means_(i, d);
    const double sd = spreads_(i, d);
    const double precision = 1 / (sd * sd);
    quadratic_(i, d) = -0.5 * precision;
    linear_(i, d) = mean * precision;
    constant_[i] -= 0.5 * mean * mean * precision +
                    std::log(sd * kRootOfTwoPi * MassInside(mean / sd, (1 - mean) / sd));
  }
}

void Mixture::AddTerms(std::size_t d, const Eigen::ArrayXd& x, Eigen::MatrixXd& terms) const {
  const Table& table = *tables_[d];
  for (Index j = 0; j < x.size(); ++j) {
    const auto cell = static_cast<Index>(CellOf(coordinates_[d], x[j]));
    const auto of_cell = table.log_probability.col(cell);
    for (Index i = 0; i < terms.rows(); ++i) {
      terms(i, j) += of_cell[table.rows[static_cast<std::size_t>(i)]];
    }
  }
}

Eigen::ArrayXd Mixture::LogDensity(const Eigen::ArrayXXd& x) const {
  Eigen::MatrixXd terms = linear_ * x.matrix().transpose();  // (components, points)
  terms.noalias() += quadratic_ * x.square().matrix().transpose();
  terms.colwise() += constant_;
  for (std::size_t d = 0; d < tables_.size(); ++d) {
    if (tables_[d] != nullptr) {
      AddTerms(d, x.col(static_cast<Index>(d)), terms);
    }
  }
  const Eigen::RowVectorXd top = terms.colwise().maxCoeff();
  terms.rowwise() -= top;
  return terms.array().exp().colwise().sum().log().transpose() + top.array().transpose();
}

double Mixture::SampleOne(std::size_t d, Index component, Rng& rng) const {
  const double uniform = rng.Uniform();
  const auto column = static_cast<Index>(d);
  const Table* const table = tables_[d].get();
  if (table == nullptr) {
    return SampleTruncated(means_(component, column), spreads_(component, column), uniform);
  }
  const Index row = table->rows[static_cast<std::size_t>(component)];
  const auto last = static_cast<Index>(coordinates_[d].cells()) - 1;
  Index cell = 0;
  while (cell < last && table->cumulative(row, cell) <= uniform) {
    ++cell;
  }
  return MiddleOf(coordinates_[d], static_cast<std::size_t>(cell));
}

Eigen::ArrayXXd Mixture::Sample(Index count, Rng& rng) const {
  Eigen::ArrayXXd x(count, static_cast<Index>(coordinates_.size()));
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
