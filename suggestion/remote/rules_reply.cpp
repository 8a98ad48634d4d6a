// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/rules_reply.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace hone::remote {
namespace {

using nlohmann::json;

constexpr std::size_t kMostRules = 64;  // each stands in the ledger with each trial

tl::unexpected<Error> Lie(std::string message) {
  return Fail(Code::kUnavailable, std::move(message));
}

std::string Text(const json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

/// proto3's JSON leaves out what is zero, and writes numbers that an enumeration does not have.
std::optional<Comparison> ReadComparison(const json& item) {
  if (!item.contains("comparison")) {
    return Comparison::kEqual;
  }
  const std::string word = Text(item, "comparison");
  if (word == "LESS") {
    return Comparison::kLess;
  }
  if (word == "GREATER") {
    return Comparison::kGreater;
  }
  const bool equal = word == "EQUAL" || word == "UNKNOWN_COMPARISON";
  return equal ? std::optional(Comparison::kEqual) : std::nullopt;
}

Result<StopRule> ReadRule(const json& item, const std::vector<std::string>& metrics) {
  StopRule rule{.metric = Text(item, "name"), .value = Text(item, "value")};
  if (std::ranges::find(metrics, rule.metric) == metrics.end()) {
    return Lie("is about " + Quoted(rule.metric) + ", which is no metric of the experiment");
  }
  const auto number = ParseDouble(rule.value);
  if (!number || !std::isfinite(*number)) {
    return Lie("has the value " + Quoted(rule.value) + ", which is no number");
  }
  const auto comparison = ReadComparison(item);
  if (!comparison) {
    return Lie("has a comparison that is none of Katib's");
  }
  rule.comparison = *comparison;
  const json step = item.value("startStep", json(0));
  if (!step.is_number_integer() || step < 0 || step > std::numeric_limits<std::int32_t>::max()) {
    return Lie("has a start step that is no count");
  }
  rule.start_step = step.get<std::uint32_t>();
  return rule;
}

}  // namespace

Result<std::vector<StopRule>> ReadRules(std::string_view text,
                                        const std::vector<std::string>& metrics) {
  const json reply = ParseJson(text);
  if (!reply.is_object()) {
    return Lie("its reply cannot be read");
  }
  const json items = reply.value("earlyStoppingRules", json::array());
  if (!items.is_array() || items.size() > kMostRules) {
    return Lie("gave more rules (" + std::to_string(items.size()) + ") than can be kept (" +
               std::to_string(kMostRules) + ")");
  }
  std::vector<StopRule> rules;
  for (const json& item : items) {
    auto rule = item.is_object() ? ReadRule(item, metrics) : Lie("cannot be read");
    if (!rule) {
      return Lie("rule " + std::to_string(rules.size() + 1) + " of " +
                 std::to_string(items.size()) + " " + rule.error().message);
    }
    rules.push_back(*std::move(rule));
  }
  return rules;
}

}  // namespace hone::remote
