// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "apps/cli/config.h"

namespace hone::cli {

/// What `hone doctor` found about one thing.
struct Check {
  enum class Verdict { kOk, kWarn, kFail };
  std::string name;
  Verdict verdict = Verdict::kOk;
  std::string message;  ///< what was found and, unless it is fine, what to do
};

/// Each looks at one thing and takes no longer than a few seconds. None changes anything but a
/// file without a name in the data folder, which is gone at the end.
Check CheckProcessor();
Check CheckGpus(const Config& config);
/// Whether models of searches are computed on a device, and why not.
Check CheckAccelerator(const Config& config);
/// Whether containers can be started, by starting one.
Check CheckContainers();
Check CheckDisk(const Config& config);   ///< room, kind of file system, rights
Check CheckFlush(const Config& config);  ///< how fast a commit can be
Check CheckOpenFiles();
Check CheckProcesses();
Check CheckPython();
Check CheckShim();
Check CheckEngine(const Config& config);
Check CheckDataFile(const Config& config);
Check CheckClock(const Config& config);

}  // namespace hone::cli
