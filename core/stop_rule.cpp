// SPDX-License-Identifier: Apache-2.0
#include "core/stop_rule.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::array<Comparison, 3> kAll = {Comparison::kEqual, Comparison::kLess,
                                            Comparison::kGreater};

std::optional<Comparison> FromWord(std::string_view word) {
  for (const Comparison each : kAll) {
    if (Word(each) == word) {
      return each;
    }
  }
  return std::nullopt;
}

std::optional<StopRule> RuleOf(const json& item) {
  if (!item.is_object()) {
    return std::nullopt;
  }
  const auto text = [&item](const char* key) {
    const auto at = item.find(key);
    return at != item.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  const auto comparison = FromWord(text("comparison"));
  const auto step = item.find("startStep");
  if (!comparison || step == item.end() || !step->is_number_unsigned()) {
    return std::nullopt;
  }
  return StopRule{text("name"), *comparison, text("value"), step->get<std::uint32_t>()};
}

}  // namespace

std::string_view Word(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return "equal";
    case Comparison::kLess:
      return "less";
    case Comparison::kGreater:
      return "greater";
  }
  return "";
}

void PutRules(const std::vector<StopRule>& rules, std::map<std::string, std::string>& labels) {
  labels.erase(kStopRulesLabel);
  if (rules.empty()) {
    return;
  }
  json list = json::array();
  for (const StopRule& rule : rules) {
    list.push_back({{"name", rule.metric},
                    {"value", rule.value},
                    {"comparison", Word(rule.comparison)},
                    {"startStep", rule.start_step}});
  }
  labels[kStopRulesLabel] = DumpJson(list);
}

std::vector<StopRule> RulesOf(const std::map<std::string, std::string>& labels) {
  const auto found = labels.find(kStopRulesLabel);
  if (found == labels.end()) {
    return {};
  }
  std::vector<StopRule> rules;
  for (const json& item : ParseJson(found->second)) {
    auto rule = RuleOf(item);
    if (!rule) {
      return {};
    }
    rules.push_back(*std::move(rule));
  }
  return rules;
}

}  // namespace hone
