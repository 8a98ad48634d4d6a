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
  /// Results that are not failures.
  [[nodiscard]] std::size_t with_value() const { return with_value_; }
  /// With the first objective.
  [[nodiscard]] const std::vector<gp::Observed>& results() const { return results_; }
  /// All objectives of the same results; empty: infeasible.
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
  Status Learn(const history::Infeasible& infeasible) {
    Finish(infeasible.trial, {}, std::nullopt);
    return {};
  }
  Status Learn(const history::Lost& lost) {
    Forget(lost.trial);
    return {};
  }
  Status Learn(const history::Reported& /*what*/) { return {}; }
  Status Learn(const history::Paused& /*what*/) { return {}; }
  Status Learn(const history::Resumed& /*what*/) { return {}; }
  void Forget(TrialNumber trial);
  /// @param losses  of all objectives; empty: infeasible
  void Finish(TrialNumber trial, pareto::Losses losses, std::optional<double> log_duration,
              bool stopped = false);

  const UnitSpace& space_;
  std::size_t objectives_;
  std::size_t proposed_ = 0;
  std::size_t with_value_ = 0;
  std::map<TrialNumber, gp::VectorXd> running_;
  std::vector<gp::Observed> results_;
  std::vector<pareto::Losses> losses_;
  std::multiset<gp::VectorXd, Lexicographic> tried_;
  gp::TrustRegion region_;
};

}  // namespace hone
