// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/ledger.h"
#include "store/observations.h"

/// Words and checks that all implementations share, so that they answer alike.
namespace hone::store {

/// Whether the step has at least one event, its events are numbered expected + 1, ..., and its
/// values are of its own trials, each source once. @errors kInvalidArgument
Status CheckStep(const LedgerStep& step);

/// Whether these can be taken in together: a new experiment without owner and commands, and batches
/// of its trials that start and end at 0. @errors kInvalidArgument
Status CheckAdoption(const LedgerStep& step, const std::vector<ObservationBatch>& batches);

/// Whether somebody has to drive it: it runs, or trials of it do.
bool HasWork(const ExperimentRow& row);

/// The version or the owner of an experiment is not what the step expects.
Error Moved(const ExperimentId& experiment, Version expected, OwnerEpoch epoch);
Error NameTaken(const std::string& name_space, const std::string& name);
Error TrialNameTaken(const std::string& trial_name);
Error NoExperiment(const ExperimentId& experiment);
Error NoExperimentNamed(const std::string& name_space, const std::string& name);
Error NoTrialNamed(const std::string& trial_name);
Error NoRequest(std::int64_t id);
Error RequestAnswered(std::int64_t id);
Error OwnerGone(OwnerEpoch epoch);
Error OwnerAlive(const ExperimentId& experiment, OwnerEpoch owner);
Error SnapshotAhead(const ExperimentId& experiment, Version seq);
/// The source was read from another place than where the store stands.
Error OffsetMoved(const std::string& source, std::uint64_t expected);

}  // namespace hone::store
