// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/event.h"
#include "core/ids.h"
#include "store/observations.h"

/// Names and lines of an archive, docs/archive.md.
namespace hone::archive {

inline constexpr int kFormat = 1;
inline constexpr char kHead[] = "hone-archive.json";    // first: format, version, experiment
inline constexpr char kDocument[] = "experiment.json";  // for readers; the ledger has it, too
inline constexpr char kLedger[] = "ledger.jsonl";       // an event a line
inline constexpr char kArtifacts[] = "artifacts.json";  // files of the trials, listed
inline constexpr char kManifest[] = "manifest.json";    // last: size and SHA-256 of all others

std::string ObservationsName(TrialNumber trial);
std::string LogName(TrialNumber trial, Attempt attempt);
std::optional<TrialNumber> TrialOfObservations(std::string_view name);
std::optional<std::pair<TrialNumber, Attempt>> AttemptOfLog(std::string_view name);

/// With the line feed.
std::string EventLine(const Recorded& recorded);
/// @errors kDataLoss
Result<Recorded> ParseEventLine(std::string_view line);
std::string RecordLine(const StoredRecord& stored);
/// The id is not in the line. @errors kDataLoss
Result<StoredRecord> ParseRecordLine(std::string_view line);

}  // namespace hone::archive
