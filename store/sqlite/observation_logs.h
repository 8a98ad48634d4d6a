// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "store/observation_logs.h"

namespace hone {

/// Observation logs in one SQLite file, with the writer of SqliteStore: write-ahead log, fsync,
/// group commit, checksums of pages.
/// @param path  its folder exists; one process at a time opens it
/// @errors as SqliteStore::Create
Result<std::unique_ptr<ObservationLogs>> OpenObservationLogs(const std::filesystem::path& path);

}  // namespace hone
