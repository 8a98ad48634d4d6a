// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/collect_events.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "metrics-collector/event_tailer.h"
#include "trial-runner/local/file_source.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> EventFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    std::error_code unreadable;
    if (at->is_regular_file(unreadable) && IsEventFile(at->path().string())) {
      files.push_back(at->path().lexically_relative(folder));
    }
  }
  if (error) {
    return Fail(Code::kNotFound, "read the folder " + folder.string() + ": " + error.message());
  }
  if (files.empty()) {
    return Fail(Code::kNotFound,
                "there is no event file (named *tfevents*) in the folder " + folder.string());
  }
  std::ranges::sort(files);
  return files;
}

Status ReadWhole(EventTailer& tailer, const std::string& file, CollectedEvents& collected) {
  bool at_end = false;
  while (!at_end) {
    HONE_ASSIGN_OR_RETURN(TailStep step, tailer.Step(true));
    std::ranges::transform(
        step.records, std::back_inserter(collected.records),
        [&](MetricRecord& record) { return CollectedEvent{file, std::move(record)}; });
    if (!step.damaged.empty()) {
      collected.damaged.push_back({file, step.damaged});
    }
    at_end = step.at_end;
  }
  return {};
}

}  // namespace

Result<CollectedEvents> CollectEvents(const fs::path& folder, const Objective& objective) {
  HONE_ASSIGN_OR_RETURN(const std::vector<fs::path> files, EventFiles(folder));
  CollectedEvents collected;
  for (const fs::path& file : files) {
    EventMetrics metrics(objective.MetricNames(), (folder / file).parent_path().string());
    EventTailer tailer(local::OpenFileSource(folder / file), std::move(metrics), 0);
    HONE_RETURN_IF_ERROR(ReadWhole(tailer, file.string(), collected));
  }
  return collected;
}

}  // namespace hone::cli
