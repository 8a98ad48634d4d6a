// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/retention.h"

#include <algorithm>

#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::int64_t kLongestMinutes = std::int64_t{1000} * 366 * 24 * 60;

std::int64_t MinutesOf(char unit) {
  switch (unit) {
    case 'm':
      return 1;
    case 'h':
      return 60;
    case 'd':
      return std::int64_t{24} * 60;
    case 'w':
      return std::int64_t{7} * 24 * 60;
    default:
      return 0;
  }
}

}  // namespace

std::vector<Holding> WhatGoes(std::vector<Holding> holdings, const RetentionRule& rule,
                              Timestamp now) {
  std::uint64_t kept = 0;
  for (const Holding& holding : holdings) {
    kept += holding.Bytes();
  }
  std::erase_if(holdings, [](const Holding& holding) {
    return holding.ended_at == Timestamp() || holding.Empty();
  });
  std::ranges::stable_sort(holdings, {}, &Holding::ended_at);
  const auto must_go = [&](const Holding& holding) {
    return holding.unfinished || (rule.older_than && now - holding.ended_at > *rule.older_than);
  };
  for (const Holding& holding : holdings) {
    kept -= must_go(holding) ? holding.Bytes() : 0;
  }
  std::vector<Holding> going;
  for (const Holding& holding : holdings) {
    const bool too_much = rule.keep_size && kept > *rule.keep_size;
    if (!must_go(holding) && !too_much) {
      continue;
    }
    kept -= must_go(holding) ? 0 : holding.Bytes();
    going.push_back(holding);
  }
  return going;
}

std::optional<Duration> ParseAge(std::string text) {
  const std::int64_t minutes = text.empty() ? 0 : MinutesOf(text.back());
  if (minutes == 0) {
    return std::nullopt;
  }
  text.pop_back();
  const auto number = ParseInt(text);
  if (!number || *number < 0 || *number > kLongestMinutes / minutes) {
    return std::nullopt;
  }
  return std::chrono::minutes(*number * minutes);
}

}  // namespace hone::cli
