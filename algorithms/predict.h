// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "algorithms/past_trials.h"
#include "base/result.h"
#include "core/objective.h"

namespace hone {

/// Trials with which a model is more than its prior.
inline constexpr std::size_t kLeastForPrediction = 5;

/// What a model expects of the objective, in its own units.
struct Prediction {
  double mean = 0;
  double spread = 0;  ///< standard deviation of what the objective may be, without its noise
  double low = 0;     ///< nine in ten are between these
  double high = 0;
};

/// The Gaussian process of bayesianoptimization, fitted to the completed trials, whoever proposed
/// them. It knows nothing beyond the worst value seen: predictions end there. A function of space
/// and trials, bit for bit.
/// @threads  safe after Create
class Predictor {
 public:
  /// @param direction  of the objective; PastTrial holds values to be minimised
  /// @errors kFailedPrecondition: fewer than kLeastForPrediction completed trials, or no parameter
  ///         has two values; kInvalidArgument: trials that are not of this space
  static Result<Predictor> Create(const Space& space, std::span<const PastTrial> trials,
                                  Direction direction);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  /// @errors kInvalidArgument: values that are not of the space
  [[nodiscard]] Result<Prediction> At(const Assignment& values) const;
  /// Completed trials it was fitted to.
  [[nodiscard]] std::size_t trials() const;

 private:
  struct Fitted;
  explicit Predictor(std::unique_ptr<const Fitted> fitted);
  std::unique_ptr<const Fitted> fitted_;
};

}  // namespace hone
