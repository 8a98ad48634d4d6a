// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/printed_names.h"

#include <vector>

#include "apps/cli/server.h"
#include "base/text.h"
#include "metrics-collector/text.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/file_source.h"

namespace hone::cli {
namespace {

// The beginning of a log tells the names; what is longer prints them again and again.
constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 20;
constexpr std::size_t kNames = 8;

Result<std::string> BeginningOfLog(const Config& config, const LocatedTrial& found) {
  const TrialState& trial = found.trial();
  HONE_ASSIGN_OR_RETURN(
      const auto source,
      config.server.empty()
          ? local::OpenFileSource(
                local::Layout(config.data_dir).Attempt({found.id(), trial.attempt}) /
                attempt_files::kOutput)
          : OpenServerLog(config, found.experiment.NameOf(trial), trial.attempt));
  std::string text;
  HONE_ASSIGN_OR_RETURN([[maybe_unused]] const auto read, source->Read(0, kReadBytes, text));
  return text;
}

}  // namespace

std::string NamesItPrinted(const Config& config, const LocatedTrial& found) {
  if (found.trial().phase != TrialPhase::kMetricsUnavailable) {
    return "";
  }
  const Result<std::string> text = BeginningOfLog(config, found);
  if (!text) {
    return "";  // what there is to say is said without it
  }
  std::vector<std::string> names;
  for (const std::string& name : NamesWithValues(*text, kNames)) {
    names.push_back("'" + Printable(name) + "'");
  }
  return names.empty() ? "" : " Its log has values of " + Join(names, ", ") + ".";
}

}  // namespace hone::cli
