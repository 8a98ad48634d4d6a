// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "apps/cli/config.h"
#include "apps/cli/session.h"

namespace hone::cli {

struct ArchiveOptions {
  std::filesystem::path file;  ///< "-": standard output
  bool logs = true;
  bool artifacts = true;  ///< list the files of the trials
};

/// Writes an experiment as one file, docs/archive.md. The file is there as a whole or not at all.
/// Tells on stderr, if that is a terminal, how far it is.
Status ExportArchive(const Config& config, const Session& session, const ExperimentRow& experiment,
                     const ArchiveOptions& options);

}  // namespace hone::cli
