// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/uid.h"

namespace hone {

/// An experiment is known by its UID: deleting and re-creating a name is a new experiment.
using ExperimentId = Uid;

/// 1, 2, 3, ... in the order of reservation; chosen before the search algorithm is asked. Withdrawn
/// numbers stay unused.
using TrialNumber = std::uint32_t;

/// The idempotency key of everything that is done for a trial.
struct TrialId {
  ExperimentId experiment;
  TrialNumber number = 0;
  auto operator<=>(const TrialId&) const = default;
};

/// Which start of a trial's training job: 1 for the first, one more for each retry or relaunch.
using Attempt = std::uint32_t;

/// Number of events in an experiment's ledger; the event that made version v has seq v. 0: nothing
/// recorded.
using Version = std::uint64_t;

/// Which owner of an experiment may append: grows by each taking-over.
using OwnerEpoch = std::uint64_t;

/// Order of all events of a store, over all experiments; what watchers resume from. Gaps are
/// allowed.
using Position = std::uint64_t;

/// Katib's trial name: "<experiment>-" and 8 characters of Katib's alphabet, derived from (UID,
/// number).
std::string TrialName(const std::string& experiment_name, const TrialId& id);

}  // namespace hone
