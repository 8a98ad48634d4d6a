// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/removed.h"

#include "apps/cli/format.h"
#include "apps/cli/size.h"

namespace hone::cli {
namespace {

/// Logs, curves, or both.
std::string KindsText(const event::RecordsRemoved& removed) {
  const std::string logs = "logs (" + FormatSize(removed.log_bytes) + ")";
  const std::string curves = "curves (" + Counted(removed.curve_rows, "value") + ")";
  if (removed.logs && removed.curves) {
    return logs + " and " + curves;
  }
  return removed.logs ? logs : curves;
}

std::string TrialsText(const event::RecordsRemoved& removed) {
  return " of trials 1 to " + std::to_string(removed.through);
}

}  // namespace

std::string RemovedOn(Timestamp at) {
  return "removed by 'hone gc' on " + FormatSeconds(at);
}

std::string RemovalText(const event::RecordsRemoved& removed) {
  return "removed by 'hone gc': " + KindsText(removed) + TrialsText(removed);
}

std::string RemovedOfTrial(const ExperimentState& state, TrialNumber number) {
  std::string text;
  if (const auto at = state.LogRemovedAt(number)) {
    text += " Its log was " + RemovedOn(*at) + ".";
  }
  if (const auto at = state.CurveRemovedAt(number)) {
    text += " Its reported values were " + RemovedOn(*at) + ".";
  }
  return text;
}

std::string RemovedOfExperiment(const ExperimentState& state) {
  std::string text;
  for (const Removal& removal : state.removals) {
    text += " The " + KindsText(removal.what) + TrialsText(removal.what) + " were " +
            RemovedOn(removal.at) + ".";
  }
  return text;
}

}  // namespace hone::cli
