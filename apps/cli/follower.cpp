// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/follower.h"

#include "core/ledger_check.h"
#include "core/transitions.h"

namespace hone::cli {
namespace {

constexpr std::size_t kEventsAtOnce = 4096;

}  // namespace

Follower::Follower(Ledger& ledger, ExperimentId id) : ledger_(&ledger) {
  state_.id = std::move(id);
}

Status Follower::Apply(std::span<const Recorded> events, const OnEvent& on_event) {
  for (const Recorded& recorded : events) {
    HONE_RETURN_IF_ERROR(CheckNext(state_, recorded));
    Evolve(state_, recorded);
    if (on_event) {
      on_event(state_, recorded);
    }
  }
  return {};
}

Result<bool> Follower::CatchUp(const OnEvent& on_event) {
  bool any = false;
  while (true) {
    HONE_ASSIGN_OR_RETURN(const auto events,
                          ledger_->Read(state_.id, state_.version, kEventsAtOnce));
    HONE_RETURN_IF_ERROR(Apply(events, on_event));
    any = any || !events.empty();
    if (events.size() < kEventsAtOnce) {
      return any;
    }
  }
}

}  // namespace hone::cli
