// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "algorithms/gp/fit.h"
#include "algorithms/gp/space.h"

namespace hone::gp {

/// How far from the best point a search looks once it has very many results: a box that grows with
/// successes, shrinks with failures, and gives way to the whole space for a while when it has
/// become too small. A value; a function of the results in order.
/// @source  Eriksson, Pearce, Gardner, Turner, Poloczek 2019, "Scalable global optimization via
///          local Bayesian optimization" (TuRBO-1). Differs in: no results are forgotten at a
///          restart, and the proposals are those of an acquisition function.
class TrustRegion {
 public:
  /// Results from which on there is a region.
  static constexpr std::size_t kFrom = 500;

  explicit TrustRegion(std::size_t dimensions) : dimensions_(dimensions) {}

  /// One more result. @param value  to be minimised
  void Observe(double value);
  /// Side of the box relative to the space; nothing: the whole space.
  [[nodiscard]] std::optional<double> length() const;

  /// The box around a point: numbers within a side that is longer where the model's lengthscale is,
  /// choices free. @param log_length  lengthscales of the model
  [[nodiscard]] Box Around(const VectorXd& centre, const Dimensions& dimensions,
                           const VectorXd& log_length) const;

 private:
  std::size_t dimensions_;
  std::size_t count_ = 0;
  double best_ = 0;
  double length_ = 0;
  std::size_t successes_ = 0;  // in a row
  std::size_t failures_ = 0;   // in a row
  std::size_t global_ = 0;     // results until there is a region again
};

}  // namespace hone::gp
