// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/draft.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::size_t kLongestName = 40;
constexpr std::uint32_t kFailures = 3;  // by then it is no accident

/// Options that say how long or where to train, not how.
constexpr std::array<std::string_view, 14> kNotVaried = {
    "epoch", "seed",  "worker", "device", "gpu",  "port", "rank",
    "iter",  "steps", "folds",  "thread", "jobs", "log",  "verbos"};
/// Numbers whose order of magnitude matters.
constexpr std::array<std::string_view, 12> kByMagnitude = {"lr",     "learning", "decay",   "l1",
                                                           "l2",     "reg",      "eps",     "alpha",
                                                           "lambda", "gamma",    "penalty", "c"};
constexpr std::array<std::string_view, 6> kSmallIsGood = {"loss", "error",      "mse",
                                                          "mae",  "perplexity", "time"};
constexpr std::array<std::string_view, 7> kLargeIsGood = {"acc", "auc", "f1",    "score",
                                                          "map", "r2",  "reward"};

constexpr std::string_view kTemplate =
    R"(# What to vary, what to optimise, and how to train.
# 'hone validate' checks this file, 'hone run' runs it.
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: @NAME@
spec:
  # The training prints it as name=value, as often as it likes.
  objective:
    type: @TYPE@
    objectiveMetricName: @METRIC@
    # goal: 0.99   # the experiment ends when it is reached
  # 'hone algorithms' lists what there is, with settings.
  algorithm:
    algorithmName: @ALGORITHM@
  maxTrialCount: @TRIALS@
  parallelTrialCount: @PARALLEL@   # at a time
  maxFailedTrialCount: @FAILURES@   # as many failed trials end the experiment
  parameters:
@PARAMETERS@  trialTemplate:
    primaryContainerName: training
    trialParameters:
@REFERENCES@    # A Kubernetes Job. On this machine its command runs as a process, in the folder where
    # 'hone run' is started.
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: training
                image: none   # for clusters: the image that has the script
                command:
@COMMAND@)";

template <std::size_t N>
bool ContainsAny(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return word.size() <= 2 ? text == word : text.find(word) != std::string_view::npos;
  });
}

/// JSON's quotes are YAML's.
std::string Quoted(const std::string& text) {
  return DumpJson(nlohmann::json(text));
}

tl::unexpected<Error> BadRange(const std::string& name, const std::string& why) {
  return Fail(Code::kInvalidArgument,
              why + "; write MIN..MAX, MIN..MAX:log or a list such as sgd,adam", name);
}

Result<DraftParameter> ParseList(DraftParameter parameter, std::string_view text) {
  bool numbers = true;
  for (const std::string_view part : Split(text, ',')) {
    const std::string_view value = Trim(part);
    if (value.empty()) {
      return BadRange(parameter.name, "the list has an empty value");
    }
    numbers = numbers && ParseDouble(value);
    parameter.values.emplace_back(value);
  }
  parameter.type = numbers ? "discrete" : "categorical";
  return parameter;
}

std::string Range(double min, double max, const char* suffix) {
  return FormatDouble(min) + ".." + FormatDouble(max) + suffix;
}

/// Rounded to one digit, so that bounds look like a person's.
double Round(double x) {
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(x))));
  // A decimal text in between: 3 * 1e-05 is not the double that is written 3e-05.
  return ParseDouble(FormatDouble(std::round(x / unit)) + "e" +
                     std::to_string(static_cast<int>(std::floor(std::log10(std::abs(x))))))
      .value_or(x);
}

std::string SuggestReal(const ScriptOption& option, double at) {
  if (at > 0 && ContainsAny(option.name, kByMagnitude)) {
    return Range(Round(at / 10), Round(at * 10), ":log");
  }
  if (at >= 0 && at <= 1) {
    return "0..1";
  }
  return at > 0 ? Range(Round(at / 2), Round(at * 2), "") : "";
}

std::string SuggestInteger(double at) {
  if (at < 1) {
    return "";
  }
  const double min = std::max(1.0, std::floor(at / 4));
  return Range(min, at * 4, "");
}

/// For an option that must be given and has no default to start from.
std::string GuessRange(const ScriptOption& option) {
  switch (option.kind) {
    case ScriptOption::Kind::kReal:
      return ContainsAny(option.name, kByMagnitude) ? "0.0001..0.1:log" : "0..1";
    case ScriptOption::Kind::kInteger:
      return "1..128";
    case ScriptOption::Kind::kText:
      return "";
  }
  return "";
}

std::string FeasibleSpace(const DraftParameter& parameter) {
  if (!parameter.values.empty()) {
    std::vector<std::string> quoted;
    std::transform(parameter.values.begin(), parameter.values.end(), std::back_inserter(quoted),
                   &Quoted);
    return "{list: [" + Join(quoted, ", ") + "]}";
  }
  return "{min: " + Quoted(parameter.min) + ", max: " + Quoted(parameter.max) +
         (parameter.log ? ", distribution: logUniform}" : "}");
}

std::string ParametersText(const Draft& draft) {
  std::string text;
  for (const DraftParameter& parameter : draft.parameters) {
    if (!parameter.help.empty()) {
      text += "    # " + Printable(parameter.help, 120) + "\n";
    }
    text += "    - name: " + Quoted(parameter.name) + "\n      parameterType: " + parameter.type +
            "\n      feasibleSpace: " + FeasibleSpace(parameter) + "\n";
  }
  return text;
}

/// The text with each @WORD@ replaced, in one pass: what is put in is not looked at again.
std::string Filled(std::string_view text, const std::map<std::string_view, std::string>& words) {
  std::string out;
  const std::vector<std::string_view> parts = Split(text, '@');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out += i % 2 == 0 ? std::string(parts[i]) : words.at(parts[i]);
  }
  return out;
}

}  // namespace

Result<DraftParameter> ParseRange(const std::string& name, std::string_view text,
                                  ScriptOption::Kind kind) {
  DraftParameter parameter;
  parameter.name = name;
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    return ParseList(std::move(parameter), text);
  }
  const std::vector<std::string_view> parts = Split(text.substr(dots + 2), ':');
  parameter.min = Trim(text.substr(0, dots));
  parameter.max = Trim(parts.front());
  const auto min = ParseDouble(parameter.min);
  const auto max = ParseDouble(parameter.max);
  if (!min || !max || !std::isfinite(*min) || !std::isfinite(*max)) {
    return BadRange(name, "'" + Printable(text, 60) + "' has a bound that is no number");
  }
  if (*min >= *max) {
    return BadRange(name, "the first bound must be smaller than the second");
  }
  const bool whole = ParseInt(parameter.min) && ParseInt(parameter.max);
  bool integer =
      kind == ScriptOption::Kind::kInteger || (kind == ScriptOption::Kind::kText && whole);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i] == "log") {
      parameter.log = true;
    } else if (parts[i] == "int" || parts[i] == "double") {
      integer = parts[i] == "int";
    } else {
      return BadRange(name, "':" + Printable(parts[i], 20) + "' is none of :log, :int, :double");
    }
  }
  if (integer && !whole) {
    return BadRange(name, "the bounds of whole numbers must be whole");
  }
  if (parameter.log && *min <= 0) {
    return BadRange(name, "a range by magnitude (:log) must begin above 0");
  }
  parameter.type = integer ? "int" : "double";
  return parameter;
}

std::string SuggestRange(const ScriptOption& option) {
  if (ContainsAny(option.name, kNotVaried)) {
    return "";
  }
  if (option.choices.size() > 1) {
    return Join(option.choices, ",");
  }
  const auto at = option.default_text ? ParseDouble(*option.default_text) : std::nullopt;
  if (option.required && !at) {
    return GuessRange(option);
  }
  if (!at || !std::isfinite(*at)) {
    return "";
  }
  switch (option.kind) {
    case ScriptOption::Kind::kReal:
      return SuggestReal(option, *at);
    case ScriptOption::Kind::kInteger:
      return SuggestInteger(*at);
    case ScriptOption::Kind::kText:
      return "";
  }
  return "";
}

std::optional<bool> IsMaximized(std::string_view metric) {
  if (ContainsAny(metric, kSmallIsGood)) {
    return false;
  }
  return ContainsAny(metric, kLargeIsGood) ? std::optional(true) : std::nullopt;
}

std::string NameFor(const std::string& script) {
  std::string name;
  for (const char c : std::filesystem::path(script).stem().string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && std::isalnum(byte) != 0;
    if (plain || (!name.empty() && name.back() != '-')) {
      name += plain ? static_cast<char>(std::tolower(byte)) : '-';
    }
  }
  name = name.substr(0, kLongestName);
  while (name.ends_with('-')) {
    name.pop_back();
  }
  const bool begins_well = !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0;
  return begins_well ? name : "tune-" + (name.empty() ? "script" : name);
}

std::string DraftText(const Draft& draft) {
  std::string references;
  std::string command;
  for (const std::string& word : draft.command) {
    command += "                  - " + Quoted(word) + "\n";
  }
  for (const DraftParameter& parameter : draft.parameters) {
    const std::string name = Quoted(parameter.name);
    references.append("      - {name: ").append(name).append(", reference: ");
    references.append(name).append("}\n");
    const std::string value = "${trialParameters." + parameter.name + "}";
    command += "                  - " + Quoted("--" + parameter.name + "=" + value) + "\n";
  }
  return Filled(kTemplate,
                {{"NAME", Quoted(draft.name)},
                 {"TYPE", draft.maximize ? "maximize" : "minimize"},
                 {"METRIC", Quoted(draft.metric)},
                 {"ALGORITHM", Quoted(draft.algorithm)},
                 {"TRIALS", std::to_string(draft.max_trials)},
                 {"PARALLEL", std::to_string(std::min(draft.parallel, draft.max_trials))},
                 {"FAILURES", std::to_string(std::min(kFailures, draft.max_trials))},
                 {"PARAMETERS", ParametersText(draft)},
                 {"REFERENCES", references},
                 {"COMMAND", command}});
}

}  // namespace hone::cli
