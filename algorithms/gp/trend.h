// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "algorithms/gp/model.h"

namespace hone::gp {

/// What may be true of a function before its first result: functions that are known already, each
/// counted with a weight that is learned. A model with a trend is one of what the trend leaves over
/// (Golovin et al. 2017, "Google Vizier", section 3.3.3, where the weight is 1).
/// @threads  immutable
class Trend {
 public:
  /// @param known  models whose posterior means they are; at least one, of the same dimensions
  explicit Trend(std::vector<Model> known) : known_(std::move(known)) {}

  [[nodiscard]] Eigen::Index size() const { return static_cast<Eigen::Index>(known_.size()); }
  /// @param points  shape (dimensions, m) @returns shape (m, size())
  [[nodiscard]] MatrixXd At(const MatrixXd& points) const;
  /// Derivatives by a point's coordinates. @returns shape (dimensions, size())
  [[nodiscard]] MatrixXd SlopesAt(const VectorXd& point) const;

 private:
  std::vector<Model> known_;
};

/// The most probable weights w >= 0 of outputs ~ basis w + noise under a normal prior of each
/// weight: those of functions that are like this one are near 1, and one that says the opposite
/// says nothing.
/// @param basis     shape (n, k), n may be 0
/// @param weighted  the noise's precision matrix times the basis
/// @param shift     shape (k): zero for the mode, standard normal numbers for a draw from the
///                  posterior
VectorXd TrendWeights(const MatrixXd& basis, const MatrixXd& weighted, const VectorXd& outputs,
                      const VectorXd& shift);

/// A trend by hand: offset + basis weights, the rest of which is about `unit` in size. The noise is
/// taken for independent.
struct RoughTrend {
  VectorXd weights;
  double offset = 0;
  double unit = 1;
  [[nodiscard]] VectorXd Rest(const MatrixXd& basis, const VectorXd& outputs) const {
    return ((outputs - basis * weights).array() - offset) / unit;
  }
};
/// @param outputs  shape (n), n >= 1, standardised
RoughTrend RoughlyOf(const MatrixXd& basis, const VectorXd& outputs);

}  // namespace hone::gp
