// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/state.h"
#include "store/archive/tar.h"
#include "store/store.h"

namespace hone::archive {

struct Limits {
  std::uint64_t bytes = std::uint64_t{64} << 30;  ///< of all members, unpacked
};

/// A log goes to whoever asked for it, part by part, and is to be kept only if the whole archive
/// turns out to be sound. @param offset  of the part within the log
using TakeLog = std::function<Status(const ExperimentId&, TrialNumber, Attempt,
                                     std::uint64_t offset, std::string_view part)>;

/// An experiment as it came out of an archive.
struct Archived {
  ExperimentState state;         ///< after all events
  std::vector<Recorded> events;  ///< from 1 on
  std::map<TrialNumber, std::vector<StoredRecord>> records;
  std::uint64_t logs = 0;  ///< how many there were
};

/// Reads and checks a whole archive, docs/archive.md. Nothing of it is trusted.
/// @param take_log  empty: logs are only checked
/// @errors  kInvalidArgument: no archive of ours; kFailedPrecondition: a newer format;
///          kResourceExhausted: above a limit; kDataLoss: damaged, or nothing that hone could have
///          written: the message names the member and, where there is one, the line
Result<Archived> ReadArchive(TarReader& in, const Limits& limits, const TakeLog& take_log);

/// Ends what ran where the archive was made: a running experiment becomes a suspended one, and its
/// trials wait for a new start. Adds the events for it.
/// @errors kInternal
Status Settle(Archived& archived, Timestamp now);

/// Makes it another experiment with a name of its own. @errors kInvalidArgument
Status Rename(Archived& archived, const std::string& name, const ExperimentId& id);

/// What the store is to take in, by Catalog::Adopt.
LedgerStep ToStep(const Archived& archived);
std::vector<ObservationBatch> ToBatches(const Archived& archived);

}  // namespace hone::archive
