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
  Finish(completed.trial, {.losses = completed.values,
                           .log_duration = std::log(std::max(seconds, 1e-3)),
                           .excess = completed.excess});
  return {};
}

/// One that came to its end beyond a bound teaches the models of value and bounds; one that did not
/// tell how far it is beyond is a failure.
Status GpResults::Learn(const history::Infeasible& infeasible) {
  const bool measured =
      !infeasible.excess.empty() &&
      std::ranges::all_of(infeasible.excess, [](double excess) { return std::isfinite(excess); });
  if (measured) {
    Finish(infeasible.trial,
           {.losses = infeasible.values, .excess = infeasible.excess, .beyond = true});
  } else {
    Finish(infeasible.trial, {});
  }
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
    Finish(stopped.trial, {.losses = stopped.values, .stopped = true});
  }
  return {};
}

void GpResults::Forget(TrialNumber trial) {
  if (const auto found = running_.find(trial); found != running_.end()) {
    tried_.erase(tried_.find(found->second));
    running_.erase(found);
  }
}

void GpResults::Finish(TrialNumber trial, Ending ending) {
  const auto found = running_.find(trial);
  if (found == running_.end()) {
    return;  // proposed by nobody we know of
  }
  gp::Observed result{std::move(found->second), std::nullopt, ending.log_duration, ending.stopped,
                      std::move(ending.excess), ending.beyond};
  running_.erase(found);
  // Of several objectives, the front must not hold what is beyond a bound.
  if (ending.beyond && objectives_ > 1) {
    ending.losses.clear();
  }
  if (!ending.losses.empty()) {
    result.value = ending.losses.front();
    ++with_value_;
  }
  failed_ += result.value || result.beyond ? 0 : 1;
  some_within_ = some_within_ || (result.value && !result.beyond);
  bounds_ = std::max(bounds_, result.excess.size());
  if (result.value && !result.stopped && !result.beyond) {
    region_.Observe(*result.value);
  }
  results_.push_back(std::move(result));
  losses_.push_back(std::move(ending.losses));
}

std::vector<std::vector<gp::Observed>> GpResults::ByObjective() const {
  std::vector<std::vector<gp::Observed>> all(objectives_, results_);
  for (std::size_t k = 1; k < objectives_; ++k) {
    for (std::size_t i = 0; i < losses_.size(); ++i) {
      if (!losses_[i].empty()) {
        all[k][i].value = losses_[i][k];
      }
    }
  }
  return all;
}

std::vector<gp::Observed> GpResults::ExcessOf(std::size_t bound) const {
  std::vector<gp::Observed> found;
  for (const gp::Observed& result : results_) {
    if (bound < result.excess.size()) {
      found.push_back({result.point, result.excess[bound], std::nullopt});
    }
  }
  return found;
}

}  // namespace hone
