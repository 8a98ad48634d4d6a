// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/trial_logs.h"
#include "base/clock.h"
#include "core/ids.h"
#include "store/observations.h"

/// Which experiments lose their logs and curves. Pure.
namespace hone::cli {

/// What there is of an experiment to remove; a kind that is not asked for is empty.
struct Holding {
  ExperimentId id;
  std::string name_space;
  std::string name;
  Version version = 0;
  TrialNumber trials = 0;
  Timestamp ended_at;       ///< default value: it has not ended, and keeps everything
  bool unfinished = false;  ///< an earlier removal was interrupted; the rest is what it left
  LogsSize logs;
  RecordsSize curves;

  [[nodiscard]] bool Empty() const { return logs.files == 0 && curves.rows == 0; }
  [[nodiscard]] std::uint64_t Bytes() const { return logs.bytes + curves.bytes; }
};

struct RetentionRule {
  std::optional<Duration> older_than;      ///< ended longer ago than this
  std::optional<std::uint64_t> keep_size;  ///< bytes that all holdings may take together
};

/// What goes: interrupted removals, all that is too old, and then those that ended first until the
/// rest fits. @returns in the order of their ends
std::vector<Holding> WhatGoes(std::vector<Holding> holdings, const RetentionRule& rule,
                              Timestamp now);

/// "90m", "36h", "30d", "8w"; nothing for other texts and for more than a thousand years.
std::optional<Duration> ParseAge(std::string text);

}  // namespace hone::cli
