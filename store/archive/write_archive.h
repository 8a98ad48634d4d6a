// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "store/archive/tar.h"
#include "store/store.h"

namespace hone::archive {

/// The log of one attempt, to be put into the archive.
struct LogFile {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  std::filesystem::path path;
};

/// A file that the archive tells of without containing it.
struct Artifact {
  TrialNumber trial = 0;
  std::string path;  ///< within the trial's folder
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct WriteOptions {
  std::string hone_version;
  std::vector<LogFile> logs;
  std::vector<Artifact> artifacts;
  std::function<void(std::size_t done, std::size_t of)> progress = {};  ///< members; may be empty
};

/// Writes one experiment, docs/archive.md. Works beside an engine that goes on with it: the events
/// are read first, and rows of a trial are in the store before the event that it is over, so what
/// the events tell is whole.
/// @errors those of the store and of writing; kAborted: it was deleted meanwhile
Status WriteArchive(TarWriter& out, Store& store, const ExperimentRow& experiment,
                    const WriteOptions& options);

}  // namespace hone::archive
