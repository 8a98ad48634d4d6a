// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "algorithms/gp/surrogate.h"
#include "algorithms/gp/trust_region.h"
#include "algorithms/new_points.h"
#include "algorithms/pareto/front.h"
#include "algorithms/unit_space.h"
#include "core/history.h"

namespace hone {

/// What a search by Gaussian processes knows of its trials: what was proposed and what came of it,
/// in the order of the ledger.
class GpResults {
 public:
  /// @param space  must live as long
  GpResults(const UnitSpace& space, std::size_t objectives)
      : space_(space), objectives_(objectives), region_(space.dimensions().size()) {}

  Status Observe(History deltas);

  /// Trials, lost ones among them.
  [[nodiscard]] std::size_t proposed() const { return proposed_; }
  /// Results that the model of the value has.
  [[nodiscard]] std::size_t with_value() const { return with_value_; }
  /// Trials that did not come to an end by themselves.
  [[nodiscard]] std::size_t failed() const { return failed_; }
  /// Whether some result keeps all bounds of the outcome constraints.
  [[nodiscard]] bool some_within() const { return some_within_; }
  /// Bounds of the outcome constraints that are known of.
  [[nodiscard]] std::size_t bounds() const { return bounds_; }
  /// How far the results are beyond a bound, as values.
  [[nodiscard]] std::vector<gp::Observed> ExcessOf(std::size_t bound) const;
  /// With the first objective.
  [[nodiscard]] const std::vector<gp::Observed>& results() const { return results_; }
  /// All objectives of the same results; empty: infeasible, or beyond a bound.
  [[nodiscard]] const std::vector<pareto::Losses>& losses() const { return losses_; }
  /// The results with each of the objectives.
  [[nodiscard]] std::vector<std::vector<gp::Observed>> ByObjective() const;
  [[nodiscard]] const std::map<TrialNumber, gp::VectorXd>& running() const { return running_; }
  /// Running or over, but not lost.
  [[nodiscard]] const std::multiset<gp::VectorXd, Lexicographic>& tried() const { return tried_; }
  /// Of a single objective.
  [[nodiscard]] const gp::TrustRegion& region() const { return region_; }

 private:
  Status Learn(const history::Proposed& started);
  Status Learn(const history::Completed& completed);
  Status Learn(const history::StoppedEarly& stopped);
  Status Learn(const history::Infeasible& infeasible);
  Status Learn(const history::Lost& lost) {
    Forget(lost.trial);
    return {};
  }
  Status Learn(const history::Reported& /*what*/) { return {}; }
  Status Learn(const history::Paused& /*what*/) { return {}; }
  Status Learn(const history::Resumed& /*what*/) { return {}; }
  void Forget(TrialNumber trial);
  /// How a trial ended. All objectives, or none: it has no value.
  struct Ending {
    pareto::Losses losses;
    std::optional<double> log_duration{};
    bool stopped = false;
    std::vector<double> excess{};
    bool beyond = false;
  };
  void Finish(TrialNumber trial, Ending ending);

  const UnitSpace& space_;
  std::size_t objectives_;
  std::size_t proposed_ = 0;
  std::size_t with_value_ = 0;
  std::size_t failed_ = 0;
  std::size_t bounds_ = 0;
  bool some_within_ = false;
  std::map<TrialNumber, gp::VectorXd> running_;
  std::vector<gp::Observed> results_;
  std::vector<pareto::Losses> losses_;
  std::multiset<gp::VectorXd, Lexicographic> tried_;
  gp::TrustRegion region_;
};

}  // namespace hone
