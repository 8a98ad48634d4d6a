// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp_results.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <variant>

namespace hone {

using gp::VectorXd;

Status GpResults::Observe(History deltas) {
  for (const HistoryItem& item : deltas) {
    HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
  }
  return {};
}

Status GpResults::Learn(const history::Completed& completed) {
  const double seconds = std::chrono::duration<double>(completed.duration).count();
  Finish(completed.trial, completed.values, std::log(std::max(seconds, 1e-3)));
  return {};
}

Status GpResults::Learn(const history::Proposed& started) {
  HONE_ASSIGN_OR_RETURN(VectorXd point, space_.Encode(started.values));
  ++proposed_;
  tried_.insert(point);
  running_.insert_or_assign(started.trial, std::move(point));
  return {};
}

/// What a stopped trial had reached is a bound for the model (gp::Observed::stopped); without that
/// it teaches nothing.
Status GpResults::Learn(const history::StoppedEarly& stopped) {
  if (stopped.values.empty()) {
    running_.erase(stopped.trial);
  } else {
    Finish(stopped.trial, stopped.values, std::nullopt, true);
  }
  return {};
}

void GpResults::Forget(TrialNumber trial) {
  if (const auto found = running_.find(trial); found != running_.end()) {
    tried_.erase(tried_.find(found->second));
    running_.erase(found);
  }
}

void GpResults::Finish(TrialNumber trial, pareto::Losses losses, std::optional<double> log_duration,
                       bool stopped) {
  const auto found = running_.find(trial);
  if (found == running_.end()) {
    return;  // proposed by nobody we know of
  }
  with_value_ += losses.empty() ? 0 : 1;
  if (!losses.empty() && !stopped) {
    region_.Observe(losses.front());
  }
  const auto value = losses.empty() ? std::nullopt : std::optional(losses.front());
  results_.push_back({std::move(found->second), value, log_duration, stopped});
  losses_.push_back(std::move(losses));
  running_.erase(found);
}

std::vector<std::vector<gp::Observed>> GpResults::ByObjective() const {
  std::vector<std::vector<gp::Observed>> all(objectives_, results_);
  for (std::size_t k = 1; k < objectives_; ++k) {
    for (std::size_t i = 0; i < losses_.size(); ++i) {
      all[k][i].log_duration.reset();
      if (!losses_[i].empty()) {
        all[k][i].value = losses_[i][k];
      }
    }
  }
  return all;
}

}  // namespace hone
