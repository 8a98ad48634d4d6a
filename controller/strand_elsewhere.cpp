// SPDX-License-Identifier: Apache-2.0
// Attempts that another machine launched before this controller took the experiment over: nobody
// here can see them. They may be called lost only after a while, or when that machine says so.
#include <algorithm>

#include "base/log.h"
#include "controller/strand.h"

namespace hone {

/// Current attempts by who launched them, as far as that is another machine.
void ExperimentStrand::FindElsewhere(const std::vector<Recorded>& events) {
  elsewhere_.clear();
  if (!options_.lost_after) {
    return;
  }
  const std::string here = runner_->Instance();
  for (const Recorded& recorded : events) {
    const auto* launched = std::get_if<event::TrialLaunched>(&recorded.event);
    if (launched != nullptr && !launched->runner.empty() && launched->runner != here) {
      elsewhere_[launched->trial] = {launched->attempt, launched->runner};
    }
  }
  std::erase_if(elsewhere_, [&](const auto& entry) { return !IsElsewhere(entry.first); });
}

bool ExperimentStrand::IsElsewhere(TrialNumber number) const {
  const auto found = elsewhere_.find(number);
  if (found == elsewhere_.end()) {
    return false;
  }
  const TrialState* trial = state_.Find(number);
  return trial != nullptr && trial->launched && trial->attempt == found->second.attempt;
}

/// They take nothing of this machine.
std::uint32_t ExperimentStrand::SlotsElsewhere() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      elsewhere_, [&](const auto& entry) { return IsElsewhere(entry.first); }));
}

void ExperimentStrand::WaitForElsewhere() {
  if (elsewhere_.empty() || !options_.lost_after) {
    return;
  }
  const Timestamp now = ports_.clock.Now();
  elsewhere_since_ = elsewhere_since_.value_or(now);  // a loading after this one starts no new wait
  HONE_LOG(kInfo, "trials_elsewhere", {"experiment", id_.text}, {"trials", elsewhere_.size()},
           {"runner", elsewhere_.begin()->second.runner});
  const Duration left = *elsewhere_since_ + *options_.lost_after - now;
  const auto over = [weak = weak_from_this(), generation = generation_] {
    const auto self = weak.lock();
    if (self != nullptr && !self->closed_ && generation == self->generation_) {
      self->LoseElsewhere("", "its machine has been away for too long");
    }
  };
  strand_->PostAfter(std::max(left, Duration(0)), over);
}

/// @param runner  empty: whoever launched them
void ExperimentStrand::LoseElsewhere(const std::string& runner, const std::string& why) {
  const Timestamp now = ports_.clock.Now();
  for (const auto& [number, launched] : elsewhere_) {
    if (!IsElsewhere(number) || (!runner.empty() && launched.runner != runner)) {
      continue;
    }
    const Ending lost{EndingKind::kLost, 0, 0,
                      "infrastructure lost: " + why + " (" + launched.runner + ")"};
    Post(input::Seen{Sighting{number, launched.attempt, "", {}, now, lost}, {}});
  }
}

void ExperimentStrand::Gone(const std::string& runner) {
  strand_->Post([self = shared_from_this(), runner] {
    if (self->loaded_ && !self->closed_) {
      self->LoseElsewhere(runner, "the controller there came back, and has ended it");
    }
  });
}

}  // namespace hone
