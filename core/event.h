// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "base/clock.h"
#include "core/experiment_event.h"
#include "core/ids.h"
#include "core/trial_event.h"

namespace hone {

/// The kinds of event an experiment's ledger is made of. At most 25, and a kind or field never
/// changes its meaning: ledgers of older versions must stay readable. Stored by core/event_codec.h;
/// docs/ledger.md is the table for readers.
using Event =
    std::variant<event::ExperimentCreated, event::BudgetEdited, event::ExperimentRestarted,
                 event::ExperimentSuspended, event::ExperimentResumed, event::TrialsReserved,
                 event::TrialProposed, event::TrialsWithdrawn, event::SearchExhausted,
                 event::TrialLaunched, event::TrialRunning, event::TrialReported,
                 event::TrialStopRequested, event::TrialPaused, event::TrialResumed,
                 event::TrialRequeued, event::TrialSucceeded, event::TrialFailed,
                 event::TrialEarlyStopped, event::TrialKilled, event::BestChanged,
                 event::ExperimentEnded, event::ExperimentDeleted, event::RecordsRemoved>;

/// An event as it stands in a ledger.
struct Recorded {
  Version seq = 0;
  Timestamp at;
  Event event;
  bool operator==(const Recorded&) const = default;
};

}  // namespace hone
