// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/rng.h"

namespace hone::sampling {

/// One coordinate of the points that a mixture is over.
struct Coordinate {
  bool categorical = false;
  /// Ordered cells as an increasing list of their edges from 0 to 1; empty: continuous. A
  /// categorical coordinate has equal cells.
  std::vector<double> edges{};
  /// Middle and spread of the prior component, a normal distribution truncated to [0, 1]; not used
  /// for a categorical coordinate, whose prior is uniform.
  double prior_mean = 0.5;
  double prior_sd = 1.0;

  [[nodiscard]] std::size_t cells() const { return edges.empty() ? 0 : edges.size() - 1; }
  bool operator==(const Coordinate&) const = default;
};

/// Row = a point: what a kernel is made from lies together.
using Points = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// What a mixture is made of: a kernel for each point and one for the prior.
struct Components {
  Points points;           ///< shape (n, d), each in [0, 1]; n may be 0
  Eigen::ArrayXd weights;  ///< shape (n), > 0
  Eigen::ArrayXXd
      spreads;  ///< shape (n, d), or (1, d) for all points alike: standard deviations of
                ///< the kernels, > 0. A coordinate with cells uses its first row only
  double prior_weight = 1;  ///< of the prior component, > 0
  /// LogScale of each point with these spreads, shape (n), which must be alike; empty: found when
  /// the mixture is made.
  Eigen::ArrayXd log_scales{};
};

/// What the kernel at a point has in its continuous coordinates but for what depends on x: of its
/// mean, its spread and what of it lies inside of the bounds.
/// @param point, spreads  shape (d)
double LogScale(const std::vector<Coordinate>& coordinates, std::span<const double> point,
                std::span<const double> spreads);

/// A density on the unit cube: a weighted sum of product kernels. The kernel of a continuous
/// coordinate is a normal distribution truncated to [0, 1]; of an ordered one with cells, the same
/// integrated over each cell; of a categorical one that of Aitchison and Aitken.
/// @threads  immutable after creation
/// @source   Bergstra et al. 2011; Watanabe 2023, arXiv 2304.11127, section 3
class Mixture {
 public:
  Mixture(std::vector<Coordinate> coordinates, Components components);

  /// @param x  shape (m, d), each in [0, 1]
  /// @returns  shape (m): natural logarithms of the density; of a coordinate with cells, of the
  ///           probability of its cell
  /// @cost     O(m * n * d), most of it one matrix product
  [[nodiscard]] Eigen::ArrayXd LogDensity(const Eigen::ArrayXXd& x) const;

  /// Independent points. @returns shape (count, d); a coordinate with cells gets the middle of one
  [[nodiscard]] Eigen::ArrayXXd Sample(Eigen::Index count, Rng& rng) const;

 private:
  struct Table;
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  void SetWeights();
  void AddTables();
  void AddContinuous();
  void AddAlike();
  void AddDifferent();
  void AddTerms(std::size_t d, const Eigen::ArrayXd& x, Eigen::MatrixXd& terms) const;
  /// What does not depend on the component, if all kernels are alike. @returns shape (m)
  [[nodiscard]] Eigen::ArrayXd CommonTerm(const Eigen::ArrayXXd& x) const;
  [[nodiscard]] Eigen::ArrayXd LogPrior(const Eigen::ArrayXXd& x) const;
  /// The same as LogDensity over a single continuous coordinate, without a matrix in between.
  [[nodiscard]] Eigen::ArrayXd LogDensityOfOne(const Eigen::ArrayXd& x,
                                               const Eigen::ArrayXd& prior) const;
  /// Its parts with many kernels, in single precision.
  [[nodiscard]] Eigen::ArrayXd LogDensityOfMany(const Eigen::ArrayXd& x,
                                                const Eigen::ArrayXd& prior) const;
  [[nodiscard]] Eigen::MatrixXd Continuous(const Eigen::ArrayXXd& x) const;
  [[nodiscard]] double SampleOne(std::size_t d, Eigen::Index component, Rng& rng) const;
  [[nodiscard]] bool AllAlike() const { return components_.spreads.rows() == 1; }

  std::vector<Coordinate> coordinates_;
  Components components_;
  std::vector<Eigen::Index> continuous_;  // coordinates without cells
  Eigen::ArrayXd cumulative_;             // weights, summed up to here; the prior is the last one
  double log_prior_weight_ = 0;
  // log density = constant + linear . x + quadratic . x^2 over the continuous coordinates; if all
  // kernels are alike, the quadratic part is common to them and x comes divided by the variance.
  Matrix linear_;
  Matrix quadratic_;
  Eigen::VectorXd constant_;
  std::vector<std::shared_ptr<const Table>> tables_;  // one a coordinate; null: continuous
};

/// The cell of a coordinate that has cells.
std::size_t CellOf(const Coordinate& coordinate, double u);
/// The middle of a cell.
double MiddleOf(const Coordinate& coordinate, std::size_t cell);

}  // namespace hone::sampling
