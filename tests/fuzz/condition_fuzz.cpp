// SPDX-License-Identifier: Apache-2.0
// A condition, a zero byte, and the JSON of a job.
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/json.h"
#include "core/condition.h"
#include "tests/fuzz/fuzz.h"

void hone::fuzz::FuzzOne(std::string_view input) {
  const std::string_view text = TakePart(input);
  const auto condition = Condition::Parse(text);
  const auto job = hone::ParseJson(input);
  if (!condition.has_value() || job.is_discarded()) {
    return;
  }
  const auto holds = condition->Holds(job);
  const auto found = condition->Find(job);
  if (holds.has_value() && found.has_value()) {
    const bool something = !found->empty() && *found != "null" && *found != "[]";
    HONE_CHECK(*holds == something, "a condition holds if it finds something");
  }
}
