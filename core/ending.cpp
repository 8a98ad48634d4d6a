// SPDX-License-Identifier: Apache-2.0
#include "core/ending.h"

#include <array>

namespace hone {
namespace {

constexpr std::array<std::string_view, 11> kWords = {
    "Succeeded", "ExitCode", "Signal",        "OutOfMemory",      "Timeout",  "FailedToStart",
    "Lost",      "Stopped",  "MetricMissing", "MetricNotANumber", "Preempted"};

}  // namespace

std::string_view EndingWord(EndingKind kind) {
  return kWords.at(static_cast<std::size_t>(kind));
}

std::optional<EndingKind> ParseEnding(std::string_view word) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == word) {
      return static_cast<EndingKind>(i);
    }
  }
  return std::nullopt;
}

}  // namespace hone
