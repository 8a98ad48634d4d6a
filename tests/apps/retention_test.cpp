// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/retention.h"

#include "apps/cli/size.h"
#include "tests/catch.h"

using namespace hone;       // NOLINT(google-build-using-namespace): the subject of this file
using namespace hone::cli;  // NOLINT(google-build-using-namespace): the subject of this file
using std::chrono::hours;

namespace {

constexpr Timestamp kNow{hours(24 * 1000)};

/// Ended so many hours ago, with so many bytes of logs.
Holding Ended(const std::string& name, int hours_ago, std::uint64_t bytes) {
  Holding holding;
  holding.name = name;
  holding.ended_at = kNow - hours(hours_ago);
  holding.logs = {1, bytes};
  return holding;
}

Holding Running(std::uint64_t bytes) {
  Holding holding = Ended("running", 0, bytes);
  holding.ended_at = {};
  return holding;
}

std::string Going(const std::vector<Holding>& holdings, const RetentionRule& rule) {
  std::string names;
  for (const Holding& holding : WhatGoes(holdings, rule, kNow)) {
    names += holding.name + " ";
  }
  return names;
}

}  // namespace

TEST_CASE("retention: by age, by size, and both", "[apps]") {
  const std::vector<Holding> holdings = {Ended("new", 1, 100), Ended("old", 50, 10),
                                         Ended("older", 60, 100), Running(1000)};
  CHECK(Going(holdings, {hours(50), {}}) == "older ");
  CHECK(Going(holdings, {hours(49), {}}) == "older old ");
  CHECK(Going(holdings, {hours(0), {}}) == "older old new ");
  CHECK(Going(holdings, {hours(100), {}}).empty());
  CHECK(Going(holdings, {{}, 1210}).empty());
  CHECK(Going(holdings, {{}, 1209}) == "older ");
  CHECK(Going(holdings, {{}, 1109}) == "older old ");
  // What runs counts, and stays even if nothing fits.
  CHECK(Going(holdings, {{}, 0}) == "older old new ");
  CHECK(Going(holdings, {hours(55), 1110}) == "older ");
  CHECK(Going(holdings, {hours(55), 1109}) == "older old ");
}

TEST_CASE("retention: what holds nothing is left out, and an interrupted removal is finished",
          "[apps]") {
  Holding empty = Ended("empty", 90, 0);
  empty.logs = {};
  Holding half = Ended("half", 1, 5);
  half.unfinished = true;
  CHECK(Going({empty, half, Ended("new", 2, 10)}, {hours(80), {}}) == "half ");
  // What is finished anyhow makes room: nothing else has to go.
  CHECK(Going({half, Ended("old", 70, 10)}, {{}, 10}) == "half ");
}

TEST_CASE("retention: ages and sizes as people write them", "[apps]") {
  CHECK(ParseAge("90m") == std::chrono::minutes(90));
  CHECK(ParseAge("30d") == hours(30 * 24));
  CHECK(ParseAge("8w") == hours(8 * 7 * 24));
  CHECK(ParseAge("0h") == hours(0));
  for (const char* wrong : {"", "d", "30", "-1d", "1.5d", "30 d", "30s", "99999999999d"}) {
    CAPTURE(wrong);
    CHECK_FALSE(ParseAge(wrong).has_value());
  }
  CHECK(ParseSize("10GiB") == std::uint64_t{10} << 30);
  CHECK(ParseSize("10G") == std::uint64_t{10} << 30);
  CHECK(ParseSize("7") == 7);
  for (const char* wrong : {"", "iB", "7iB", "10GB", "-1K", "1.5G", "1025T", "G"}) {
    CAPTURE(wrong);
    CHECK_FALSE(ParseSize(wrong).has_value());
  }
  CHECK(FormatSize(1023) == "1023 B");
  CHECK(FormatSize(1536) == "1.5 KiB");
  CHECK(FormatSize(std::uint64_t{5} << 40) == "5.0 TiB");
}
