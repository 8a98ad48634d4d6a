// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "algorithms/gp/surrogate.h"
#include "algorithms/new_points.h"
#include "algorithms/unit_space.h"
#include "base/result.h"
#include "core/history.h"

namespace hone {

/// By how much an experiment can still be expected to get better: the largest expected improvement
/// that a Gaussian process of the results finds anywhere in the space. Whoever proposes the trials,
/// so that it says the same of every search algorithm.
/// @threads  none of its own; like a container
class ExpectedGain {
 public:
  /// @errors kInvalidArgument: as SpaceEncoder::Create
  static Result<std::unique_ptr<ExpectedGain>> Create(const Space& space);

  /// Learns what happened since the last call, in ledger order.
  /// @errors kInvalidArgument: values that are not of the space
  Status Observe(History items);

  /// In the unit of the objective, >= 0: over the best mean so far, times the probability of
  /// succeeding where trials have failed. Nothing: there are too few results for a model, or
  /// nothing is left to try. @cost  one fit at fixed counts of results, and one search
  std::optional<double> Best();
  /// Results before which there is no answer: twice the parameters that are searched and two more,
  /// at least ten.
  [[nodiscard]] std::size_t LeastResults() const;

 private:
  explicit ExpectedGain(UnitSpace space);
  struct Learner;
  void Finish(TrialNumber trial, std::optional<double> value, bool stopped);
  [[nodiscard]] gp::VectorXd OutputsOf(const std::vector<std::size_t>& rows) const;
  [[nodiscard]] std::optional<gp::VectorXd> BestPoint(const gp::Model* feasibility) const;

  UnitSpace space_;
  gp::Embedding embedding_;
  std::map<TrialNumber, gp::VectorXd> running_;
  std::vector<gp::Observed> results_;
  std::size_t completed_ = 0;
  PointSet tried_;
  gp::Surrogate value_;
  gp::Surrogate feasibility_;
};

}  // namespace hone
