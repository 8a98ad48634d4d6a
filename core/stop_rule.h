// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

/// How a metric's value stands to a rule's when the rule is met.
enum class Comparison { kEqual, kLess, kGreater };
/// Katib's: "equal", "less", "greater".
std::string_view Word(Comparison comparison);

/// One of the conditions, all of which a trial meets when an early-stopping service wants it
/// stopped. The trial takes its rules with it from the beginning, as in Katib.
struct StopRule {
  std::string metric;
  Comparison comparison = Comparison::kEqual;
  std::string value;             ///< a finite number, as the service wrote it
  std::uint32_t start_step = 0;  ///< from this report of the metric on, counted from 1; 0: at once
  bool operator==(const StopRule&) const = default;
};

/// The label of TrialProposed that has a trial's rules: a JSON list of objects with Katib's members
/// name, value, comparison and startStep.
inline constexpr char kStopRulesLabel[] = "hone.dev/stop-rules";

/// Sets or removes the label.
void PutRules(const std::vector<StopRule>& rules, std::map<std::string, std::string>& labels);
/// None if there is no such label, or if it is not as PutRules writes it.
std::vector<StopRule> RulesOf(const std::map<std::string, std::string>& labels);

}  // namespace hone
