// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/output_path.h"

#include <algorithm>
#include <system_error>

#include "trial-runner/local/references.h"

namespace hone::local {

namespace fs = std::filesystem;

fs::path PathOf(const LaunchPlan& plan, const std::string& seen) {
  const std::string& from = plan.metrics_from;
  if (!from.empty() && seen == from) {
    return plan.metrics_to;
  }
  if (!from.empty() && seen.starts_with(from + "/")) {
    return plan.metrics_to / seen.substr(from.size() + 1);
  }
  return plan.PrimaryFolder() / ExpandReferences(seen, SplitVariables(plan.PrimaryEnv()));
}

Result<std::vector<std::string>> ListFiles(const fs::path& folder, const std::string& shown) {
  constexpr std::size_t kMostEntries = 10'000;
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  std::size_t entries = 0;
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    if (++entries > kMostEntries) {
      return Fail(Code::kResourceExhausted, "the folder " + shown + " has more than " +
                                                std::to_string(kMostEntries) + " entries");
    }
    std::error_code unreadable;
    if (at->is_regular_file(unreadable)) {
      files.push_back(shown + "/" + at->path().lexically_relative(folder).string());
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace hone::local
