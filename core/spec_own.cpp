// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/ending.h"
#include "core/larger_memory.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

using nlohmann::json;

struct Unit {
  std::string_view name;
  Duration length;
};
// "ms" stands before "m", so that it is tried first.
constexpr std::array<Unit, 4> kUnits = {{{"ms", std::chrono::milliseconds(1)},
                                         {"h", std::chrono::hours(1)},
                                         {"m", std::chrono::minutes(1)},
                                         {"s", std::chrono::seconds(1)}}};

std::optional<Duration> TakePart(std::string_view& rest) {
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
  const std::optional<double> number = ParseDouble(rest.substr(0, digits));
  rest.remove_prefix(digits);
  for (const Unit& unit : kUnits) {
    if (!rest.starts_with(unit.name)) {
      continue;
    }
    rest.remove_prefix(unit.name.size());
    const double micros = number.value_or(-1) * static_cast<double>(unit.length.count());
    constexpr double kMost = 9e15;  // three centuries
    if (micros < 0 || micros > kMost) {
      return std::nullopt;
    }
    return Duration(static_cast<std::int64_t>(micros));
  }
  return std::nullopt;
}

/// "90s", "10m", "1h30m", "1.5h": numbers with a unit, added up.
std::optional<Duration> ParseDuration(std::string_view text) {
  Duration sum{0};
  std::string_view rest = text;
  do {
    const std::optional<Duration> part = TakePart(rest);
    if (!part) {
      return std::nullopt;
    }
    sum += *part;
  } while (!rest.empty());
  return sum;
}

std::optional<int> DecodePatience(Fields& fields, const ExperimentSpec& spec) {
  static constexpr char kKey[] = "maxTrialsWithoutImprovement";
  const std::optional<int> most = fields.Count(kKey);
  if (most && *most < 1) {
    fields.problems().Refuse(fields.Path(kKey), "must be >= 1");
  } else if (most && spec.objective.Count() > 1) {
    fields.problems().Refuse(fields.Path(kKey),
                             "needs one objective: with several there is no single best trial");
  }
  return most;
}

/// A member that is an amount of money; 0 if it is not there.
double DecodeAmount(Fields& fields, std::string_view key) {
  const double amount = fields.Number(key).value_or(0);
  if (!std::isfinite(amount) || amount < 0) {
    fields.problems().Refuse(fields.Path(key), "must be a finite number >= 0");
    return 0;
  }
  return amount;
}

std::optional<CostPolicy> DecodeCost(Fields& spec) {
  std::optional<Fields> fields = spec.Object("cost");
  if (!fields) {
    return std::nullopt;
  }
  const CostPolicy cost{.per_trial = DecodeAmount(*fields, "perTrial"),
                        .per_hour = DecodeAmount(*fields, "perHour"),
                        .per_budget = DecodeAmount(*fields, "perBudget"),
                        .most = DecodeAmount(*fields, "max")};
  Problems& problems = fields->problems();
  const bool priced = cost.per_trial > 0 || cost.per_hour > 0 || cost.per_budget > 0;
  if (!priced && !problems.HasErrorsAt(spec.Path("cost"))) {
    problems.Refuse(spec.Path("cost"), "needs perTrial, perHour or perBudget, greater than 0");
  }
  if ((cost.most <= 0 || cost.most < cost.per_trial) &&
      !problems.HasErrorsAt(fields->Path("max"))) {
    problems.Refuse(fields->Path("max"),
                    "must be greater than 0 and enough for one trial; it is what may be spent");
  }
  fields->Finish();
  return cost;
}

double DecodeMemoryFactor(Fields& policy) {
  constexpr double kMost = 16;
  const double factor = policy.Number("memoryFactor").value_or(1);
  if (!(factor >= 1 && factor <= kMost)) {
    policy.problems().Refuse(policy.Path("memoryFactor"), "must be from 1 to 16");
    return 1;
  }
  return factor;
}

std::optional<double> DecodeLeastGain(Fields& fields, const ExperimentSpec& spec) {
  static constexpr char kKey[] = "minExpectedGain";
  const std::optional<double> least = fields.Number(kKey);
  if (least && !(std::isfinite(*least) && *least > 0)) {
    fields.problems().Refuse(fields.Path(kKey), "must be a finite number > 0");
    return std::nullopt;
  }
  if (least && spec.objective.Count() > 1) {
    fields.problems().Refuse(fields.Path(kKey),
                             "needs one objective: with several there is no single gain");
  }
  return least;
}

std::optional<RetryPolicy> DecodeRetryPolicy(Fields& spec) {
  std::optional<Fields> fields = spec.Object("retryPolicy");
  if (!fields) {
    return std::nullopt;
  }
  RetryPolicy policy;
  if (!fields->Has("maxRetries")) {
    fields->problems().Refuse(fields->Path("maxRetries"), "is required: a whole number >= 0");
  }
  policy.max_retries = fields->Count("maxRetries").value_or(0);
  if (policy.max_retries < 0) {
    fields->problems().Refuse(fields->Path("maxRetries"), "must be >= 0");
  }
  policy.on = fields->Texts("on");
  for (std::size_t i = 0; i < policy.on.size(); ++i) {
    const std::optional<EndingKind> kind = ParseEnding(policy.on[i]);
    if (!kind || *kind == EndingKind::kSucceeded || *kind == EndingKind::kStopped ||
        *kind == EndingKind::kPreempted) {
      fields->problems().Refuse(
          fields->Path("on[" + std::to_string(i) + "]"),
          "must be one of ExitCode, Signal, OutOfMemory, Timeout, FailedToStart, Lost, "
          "MetricMissing, MetricNotANumber (it is \"" +
              Printable(policy.on[i], 60) + "\")");
    }
  }
  policy.memory_factor = DecodeMemoryFactor(*fields);
  fields->Finish();
  return policy;
}

/// A Job's own backoffLimit: how often Kubernetes would start it again. Absent, it is none here (6
/// there): hone's attempts are its own, and a failing configuration seldom heals.
std::optional<RetryPolicy> RetriesOfJob(const std::string& trial_spec) {
  const json object = ParseJson(trial_spec);
  const json::json_pointer limit("/spec/backoffLimit");
  if (!object.is_object() || object.value("kind", json()) != "Job" || !object.contains(limit) ||
      !object.at(limit).is_number_integer()) {
    return std::nullopt;
  }
  const auto retries = object.at(limit).get<std::int64_t>();
  constexpr std::int64_t kMost = 1000;
  return RetryPolicy{static_cast<int>(std::clamp<std::int64_t>(retries, 0, kMost)), {}};
}

}  // namespace

std::optional<Duration> DecodeDuration(Fields& fields, std::string_view key) {
  const std::optional<std::string> text = fields.Text(key);
  if (!text) {
    return std::nullopt;
  }
  const std::optional<Duration> duration = ParseDuration(Trim(*text));
  if (!duration || duration->count() <= 0) {
    fields.problems().Refuse(fields.Path(key),
                             "must be a time with a unit, such as 90s, 10m or 1h30m (it is \"" +
                                 Printable(*text, 60) + "\")");
    return std::nullopt;
  }
  return duration;
}

void DecodeOwnFields(Fields& fields, ExperimentSpec& spec) {
  if (const std::optional<std::int64_t> seed = fields.Integer("seed")) {
    if (*seed < 0) {
      fields.problems().Refuse(fields.Path("seed"), "must be >= 0");
    } else {
      spec.seed = static_cast<std::uint64_t>(*seed);
    }
  }
  spec.retry_policy = DecodeRetryPolicy(fields);
  if (!spec.retry_policy) {
    spec.retry_policy = RetriesOfJob(spec.trial_template.trial_spec);
  }
  spec.max_trial_duration = DecodeDuration(fields, "maxTrialDuration");
  spec.max_duration = DecodeDuration(fields, "maxDuration");
  spec.max_trials_without_improvement = DecodePatience(fields, spec);
  spec.cost = DecodeCost(fields);
  spec.min_expected_gain = DecodeLeastGain(fields, spec);
  fields.NotYet({"promotion"});
  const std::size_t initial = DecodeInitialTrials(fields, spec).size();
  if (spec.max_trial_count &&
      initial > static_cast<std::size_t>(std::max(*spec.max_trial_count, 0))) {
    fields.problems().Warn(fields.Path("initialTrials"), "has more entries than maxTrialCount (" +
                                                             std::to_string(initial) + " > " +
                                                             std::to_string(*spec.max_trial_count) +
                                                             "); the last ones are not tried");
  }
  DecodeResources(fields, spec.trial_template);
  const std::string& object = spec.trial_template.trial_spec;
  constexpr double kAny = 2;
  if (spec.retry_policy && spec.retry_policy->memory_factor > 1 &&
      WithMoreMemory(object, kAny) == WithMoreMemory(object, 1 + kAny)) {
    fields.problems().Refuse(fields.Path("retryPolicy.memoryFactor"),
                             "needs the memory of a trial; state it in the template's resources or "
                             "in spec.resources");
  }
}

}  // namespace hone
