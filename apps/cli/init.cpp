// SPDX-License-Identifier: Apache-2.0
// hone init: writes an experiment file for a training script.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "api/wire/experiment_file.h"
#include "apps/cli/draft.h"
#include "apps/cli/local_checks.h"
#include "apps/cli/output.h"
#include "apps/cli/script_options.h"
#include "apps/cli/verb.h"
#include "base/file.h"
#include "base/text.h"
#include "controller/admission/admission.h"

namespace hone::cli {
namespace {

constexpr int kTries = 5;
constexpr const char* kGuessed = " (this range is a guess: the script has no default)";

struct Options {
  std::string script;
  std::string file;
  std::vector<std::string> parameters;
  std::string metric;
  std::string algorithm = "random";
  std::optional<std::uint32_t> max_trials;
  bool maximize = false;
  bool minimize = false;
  bool yes = false;
  bool force = false;
};

void Declare(Args& args, Options& options) {
  args.Add("script", options.script,
           {.type = "SCRIPT",
            .help = "the training script: Python, shell, or any program",
            .values = Values::kFile,
            .required = true});
  args.Add("-O,--output-file", options.file,
           {.type = "FILE",
            .help = "where to write; default, and -: standard output",
            .values = Values::kFile});
  args.Add("--parameter", options.parameters,
           {.type = "NAME=RANGE",
            .help = "vary this option of the script: lr=0.001..0.1:log, width=8..128 or "
                    "optimizer=sgd,adam; repeatable"});
  args.Add("--metric", options.metric,
           {.type = "NAME", .help = "what the script prints as NAME=value"});
  args.Flag("--maximize", options.maximize, "more of the metric is better");
  args.Flag("--minimize", options.minimize, "less of the metric is better");
  args.Add("--algorithm", options.algorithm,
           {.type = "NAME", .help = "of the search", .shown_default = "random"});
  args.Add("--max-trials", options.max_trials, {.type = "N", .help = "trials in all; default: 16"});
  args.Flag("--yes", options.yes, "ask nothing: take what is suggested");
  args.Flag("--force", options.force, "replace the file if there is one");
}

/// Asks on stderr, so that the file may go to stdout. @returns the answer, or `suggested` for none
Result<std::string> Ask(const std::string& question, const std::string& suggested) {
  std::fprintf(stderr, "%s [%s] ", question.c_str(), suggested.c_str());
  std::fflush(stderr);
  std::string answer;
  if (!std::getline(std::cin, answer)) {
    return Fail(Code::kCancelled, "the questions were not answered; nothing is written");
  }
  const std::string text(Trim(answer));
  return text.empty() ? suggested : text;
}

class Interview {
 public:
  Interview(const Options& options, Script script)
      : options_(options),
        script_(std::move(script)),
        ask_(!options.yes && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1) {}

  Result<Draft> Run() {
    Draft draft;
    draft.name = NameFor(options_.script);
    draft.command = script_.command;
    draft.algorithm = options_.algorithm;
    HONE_ASSIGN_OR_RETURN(draft.parameters, Parameters());
    if (draft.parameters.empty()) {
      return Fail(Code::kInvalidArgument,
                  "there is nothing to vary in " + options_.script +
                      ": say what with --parameter, such as --parameter lr=0.001..0.1:log");
    }
    HONE_ASSIGN_OR_RETURN(draft.metric, Metric());
    HONE_ASSIGN_OR_RETURN(draft.maximize, Maximize(draft.metric));
    HONE_ASSIGN_OR_RETURN(draft.max_trials, MaxTrials(draft.max_trials));
    return draft;
  }

 private:
  Result<std::vector<DraftParameter>> Parameters() {
    std::vector<DraftParameter> parameters;
    for (const std::string& text : options_.parameters) {
      HONE_ASSIGN_OR_RETURN(DraftParameter parameter, Given(text));
      parameters.push_back(std::move(parameter));
    }
    if (!parameters.empty()) {
      WarnRequired(parameters);
      return parameters;
    }
    for (const ScriptOption& option : script_.options) {
      HONE_ASSIGN_OR_RETURN(auto parameter, Varied(option));
      if (parameter) {
        parameters.push_back(std::move(*parameter));
      }
    }
    WarnRequired(parameters);
    while (ask_ && script_.options.empty()) {
      HONE_ASSIGN_OR_RETURN(const std::string text,
                            Ask("an option to vary, as NAME=RANGE; - for no more", "-"));
      if (text == "-") {
        break;
      }
      auto parameter = Given(text);
      if (parameter.has_value()) {
        parameters.push_back(std::move(*parameter));
      } else {
        std::fprintf(stderr, "%s\n", parameter.error().Text().c_str());
      }
    }
    return parameters;
  }

  /// One that the person wrote as NAME=RANGE.
  Result<DraftParameter> Given(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Code::kInvalidArgument,
                  "must be written as NAME=RANGE, not '" + Printable(text, 100) + "'",
                  "--parameter");
    }
    const std::string name = text.substr(0, equals);
    const auto option = std::find_if(script_.options.begin(), script_.options.end(),
                                     [&](const ScriptOption& known) { return known.name == name; });
    if (option == script_.options.end()) {
      WarnUnknown(name);
      return ParseRange(name, text.substr(equals + 1), ScriptOption::Kind::kText);
    }
    HONE_ASSIGN_OR_RETURN(DraftParameter parameter,
                          ParseRange(name, text.substr(equals + 1), option->kind));
    parameter.help = option->help;
    return parameter;
  }

  /// What the script cannot be started without must be in its command.
  void WarnRequired(const std::vector<DraftParameter>& parameters) const {
    for (const ScriptOption& option : script_.options) {
      const bool varied =
          std::any_of(parameters.begin(), parameters.end(),
                      [&](const DraftParameter& known) { return known.name == option.name; });
      if (option.required && !varied) {
        std::fprintf(stderr, "hone: %s needs --%s, which is not varied: add it to the command\n",
                     options_.script.c_str(), Printable(option.name, 60).c_str());
      }
    }
  }

  void WarnUnknown(const std::string& name) const {
    if (script_.options.empty()) {
      return;  // nothing is known of this script
    }
    std::vector<std::string_view> known;
    known.reserve(script_.options.size());
    for (const ScriptOption& option : script_.options) {
      known.push_back(option.name);
    }
    const std::string_view near = Nearest(name, known);
    std::fprintf(stderr, "hone: no option --%s was found in %s%s\n", Printable(name, 60).c_str(),
                 options_.script.c_str(),
                 near.empty() ? "" : ("; did you mean --" + std::string(near) + "?").c_str());
  }

  /// An option of the script, if it is to be varied.
  Result<std::optional<DraftParameter>> Varied(const ScriptOption& option) {
    const std::string suggested = SuggestRange(option);
    for (int tries = 0; tries < kTries; ++tries) {
      HONE_ASSIGN_OR_RETURN(const std::string text, Range(option, suggested));
      if (text.empty() || text == "-") {
        return std::nullopt;
      }
      auto parameter = ParseRange(option.name, text, option.kind);
      if (parameter.has_value()) {
        const bool guessed = !ask_ && option.required && !option.default_text;
        parameter->help = option.help + (guessed ? kGuessed : "");
        return std::move(*parameter);
      }
      if (!ask_) {
        return std::nullopt;  // a default that makes no range is left alone
      }
      std::fprintf(stderr, "%s\n", parameter.error().Text().c_str());
    }
    return Fail(Code::kInvalidArgument, "no usable range was given", option.name);
  }

  /// What the person says, or what is suggested.
  Result<std::string> Range(const ScriptOption& option, const std::string& suggested) const {
    if (!ask_) {
      return suggested;
    }
    return Ask(Question(option), suggested.empty() ? "-" : suggested);
  }

  static std::string Question(const ScriptOption& option) {
    std::string text = "range of --" + Printable(option.name, 60);
    if (option.default_text) {
      text += ", now " + Printable(*option.default_text, 40);
    }
    return text + (option.help.empty() ? "" : " (" + option.help + ")") + ", - to leave it";
  }

  Result<std::string> Metric() {
    if (!options_.metric.empty()) {
      return options_.metric;
    }
    if (ask_) {
      return Ask("which metric does it print as NAME=value?",
                 script_.metric.empty() ? "loss" : script_.metric);
    }
    if (script_.metric.empty()) {
      return Fail(Code::kInvalidArgument,
                  "no metric that " + options_.script +
                      " prints was recognized; say which with --metric NAME");
    }
    return script_.metric;
  }

  Result<bool> Maximize(const std::string& metric) {
    if (options_.maximize && options_.minimize) {
      return Fail(Code::kInvalidArgument, "--maximize and --minimize exclude each other");
    }
    if (options_.maximize || options_.minimize) {
      return options_.maximize;
    }
    const std::optional<bool> known = IsMaximized(metric);
    if (ask_) {
      HONE_ASSIGN_OR_RETURN(
          const std::string answer,
          Ask("maximize or minimize it?", known.value_or(false) ? "maximize" : "minimize"));
      return answer.starts_with("ma");
    }
    if (!known) {
      return Fail(Code::kInvalidArgument, "is more or less of '" + Printable(metric, 60) +
                                              "' better? Say --maximize or --minimize");
    }
    return *known;
  }

  Result<std::uint32_t> MaxTrials(std::uint32_t suggested) {
    if (options_.max_trials || !ask_) {
      return options_.max_trials.value_or(suggested);
    }
    HONE_ASSIGN_OR_RETURN(const std::string answer,
                          Ask("how many trials?", std::to_string(suggested)));
    const auto count = ParseInt(answer);
    if (!count || *count < 1 || *count > 1'000'000) {
      return Fail(Code::kInvalidArgument, "the number of trials must be from 1 to 1000000");
    }
    return static_cast<std::uint32_t>(*count);
  }

  const Options& options_;
  Script script_;
  bool ask_;
};

/// The file must pass the checks that `hone validate` makes.
Status CheckDraft(const std::string& text, const std::string& file) {
  LoadedExperiment loaded = LoadExperiment(text, file);
  if (loaded.readable && !loaded.HasErrors()) {
    Problems problems;
    Admit(loaded.spec, LocalChecks(std::nullopt), problems);
    loaded.Add(problems);
  }
  for (const LocatedProblem& located : loaded.problems) {
    if (located.problem.severity == Problem::Severity::kError) {
      return Fail(Code::kInvalidArgument, located.problem.message, located.problem.field);
    }
  }
  return {};
}

Result<int> WriteDraft(const Config& /*config*/, const Options& options) {
  const bool to_output = options.file.empty() || options.file == "-";
  std::error_code ignored;
  if (!to_output && !options.force && std::filesystem::exists(options.file, ignored)) {
    return Fail(Code::kInvalidArgument, options.file + " exists; --force replaces it");
  }
  HONE_ASSIGN_OR_RETURN(Script script, ReadScript(options.script));
  HONE_ASSIGN_OR_RETURN(const Draft draft, Interview(options, std::move(script)).Run());
  const std::string text = DraftText(draft);
  HONE_RETURN_IF_ERROR(CheckDraft(text, options.file));
  if (to_output) {
    HONE_RETURN_IF_ERROR(PrintText(text));
    return kExitOk;
  }
  HONE_RETURN_IF_ERROR(WriteFile(options.file, text));
  HONE_RETURN_IF_ERROR(
      PrintText(options.file + " is written; 'hone run " + options.file + "' runs it\n"));
  return kExitOk;
}

}  // namespace

Verb InitVerb() {
  return MakeVerb<Options>(
      {.name = "init",
       .group = kSetUpGroup,
       .summary = "write an experiment file for a training script",
       .example = "hone init train.py -O experiment.yaml\n"
                  "hone init train.sh --parameter lr=0.001..0.1:log --metric loss --yes"},
      &Declare, &WriteDraft);
}

}  // namespace hone::cli
