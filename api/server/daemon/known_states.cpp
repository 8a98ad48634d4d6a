// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/known_states.h"

#include <algorithm>
#include <utility>

#include "controller/read_state.h"

namespace hone::daemon {
namespace {

constexpr std::size_t kMostTrials = 10'000;  // of a state that is kept

bool HasRow(const TrialState& trial) {
  return trial.phase != TrialPhase::kReserved && trial.phase != TrialPhase::kWithdrawn;
}

std::vector<TrialRow> RowsOf(const ExperimentState& state, TrialNumber after, std::size_t limit) {
  std::vector<TrialRow> rows;
  for (std::size_t i = after; i < state.trials.size() && rows.size() < limit; ++i) {
    if (HasRow(state.trials[i])) {
      rows.push_back(ProjectTrial(state, state.trials[i]));
    }
  }
  return rows;
}

}  // namespace

Status KnownStates::With(const ExperimentId& id,
                         const std::function<void(const ExperimentState&)>& use) {
  const auto known = known_.Find(id.text, [] { return std::make_shared<Known>(); });
  const std::scoped_lock lock(known->mutex);
  ExperimentState& state = known->state;
  state.id = id;
  const Status caught_up = CatchUp(ledger_, state);
  if (caught_up) {
    use(state);
  }
  known->is_large = state.trials.size() > kMostTrials;
  if (!caught_up || known->is_large) {
    state = ExperimentState();
  }
  return caught_up;
}

Result<std::vector<TrialRow>> KnownStates::Rows(Catalog& catalog, const ExperimentId& id,
                                                TrialNumber after, std::size_t limit) {
  std::vector<TrialRow> rows;
  const auto known = known_.Find(id.text, [] { return std::make_shared<Known>(); });
  const bool is_large = [&] {
    const std::scoped_lock lock(known->mutex);
    return known->is_large;
  }();
  if (!is_large) {
    HONE_RETURN_IF_ERROR(
        With(id, [&](const ExperimentState& state) { rows = RowsOf(state, after, limit); }));
    return rows;
  }
  HONE_ASSIGN_OR_RETURN(rows, catalog.ListTrials(id));
  std::erase_if(rows, [&](const TrialRow& row) { return row.number <= after; });
  rows.resize(std::min(rows.size(), limit));
  return rows;
}

}  // namespace hone::daemon
