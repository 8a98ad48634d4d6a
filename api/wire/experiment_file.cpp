// SPDX-License-Identifier: Apache-2.0
#include "api/wire/experiment_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "core/spec_codec.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestMessage = 1000;

std::string KindOf(const json& document) {
  const auto kind = document.is_object() ? document.find("kind") : document.end();
  return kind != document.end() && kind->is_string() ? kind->get<std::string>() : "";
}

LocatedProblem At(const LoadedExperiment& loaded, int line, Problem::Severity severity,
                  std::string message) {
  return {loaded.file, line, {severity, "", std::move(message)}};
}

/// What to say about a document that is not the experiment; nothing for an empty one.
std::vector<LocatedProblem> AboutOther(const LoadedExperiment& loaded,
                                       const YamlDocument& document) {
  if (document.value->is_null()) {
    return {};
  }
  const std::string kind = KindOf(*document.value);
  const int line = document.source.LineOf("kind");
  if (kind == "ConfigMap") {
    return {At(loaded, line, Problem::Severity::kError,
               "templates in ConfigMaps are not supported by this version; write the template "
               "under spec.trialTemplate.trialSpec and remove this document")};
  }
  if (kind == "Experiment") {
    return {At(loaded, line, Problem::Severity::kWarning,
               "only the first Experiment of a file is used; this one is ignored")};
  }
  return {At(loaded, line, Problem::Severity::kWarning,
             "this document is no Experiment (its kind is \"" + Printable(kind, 60) +
                 "\"); it is ignored")};
}

/// A field that only stands in the document because somebody put it there must exist.
Problem WithPlaceOf(const Overrides& overrides, Problem problem) {
  if (problem.message.starts_with(kUnknownField) && overrides.NearestPlaceOf(problem.field)) {
    problem.severity = Problem::Severity::kError;
    constexpr std::string_view kIgnored = "; it is ignored";
    if (const std::size_t at = problem.message.find(kIgnored); at != std::string::npos) {
      problem.message.erase(at, kIgnored.size());
    }
  }
  return problem;
}

void AddOverrideProblems(const Problems& found, LoadedExperiment& loaded) {
  for (const Problem& problem : found.list()) {
    loaded.problems.push_back({problem.field, 0, {problem.severity, "", problem.message}});
  }
}

void Decode(const YamlDocument& document, LoadedExperiment& loaded) {
  loaded.source = document.source;
  json value = *document.value;
  Problems refused;
  loaded.overrides.Apply(value, refused);
  AddOverrideProblems(refused, loaded);
  Problems problems;
  loaded.spec = DecodeSpec(
      value,
      [&loaded](std::string_view path) {
        return loaded.overrides.PlaceOf(path) ? loaded.overrides.PlainText(path)
                                              : loaded.source.PlainText(path);
      },
      problems);
  loaded.Add(problems);
}

}  // namespace

std::string FormatProblem(const LocatedProblem& located) {
  const Problem& problem = located.problem;
  std::string text = located.file;
  text += located.line > 0 ? ":" + std::to_string(located.line) + ": " : ": ";
  if (problem.severity == Problem::Severity::kWarning) {
    text += "warning: ";
  }
  if (!problem.field.empty()) {
    text += problem.field + ": ";
  }
  return Printable(text + problem.message, kLongestMessage);
}

bool LoadedExperiment::HasErrors() const {
  return std::ranges::any_of(problems, [](const LocatedProblem& located) {
    return located.problem.severity == Problem::Severity::kError;
  });
}

void LoadedExperiment::Add(const Problems& found) {
  for (const Problem& problem : found.list()) {
    const Problem placed = WithPlaceOf(overrides, problem);
    const auto place = placed.message.starts_with(kUnknownField)
                           ? overrides.NearestPlaceOf(problem.field)
                           : overrides.PlaceOf(problem.field);
    problems.push_back(place ? LocatedProblem{*place, 0, placed}
                             : LocatedProblem{file, source.LineOf(problem.field), placed});
  }
  std::ranges::stable_sort(problems, {}, &LocatedProblem::line);
}

LoadedExperiment LoadExperiment(std::string_view text, std::string file_name,
                                std::span<const std::string> sets) {
  LoadedExperiment loaded;
  loaded.file = std::move(file_name);
  Problems unreadable;
  loaded.overrides = Overrides::Parse(sets, unreadable);
  AddOverrideProblems(unreadable, loaded);
  const auto documents = ParseYaml(text);
  if (!documents) {
    loaded.readable = false;
    loaded.problems.push_back(
        At(loaded, documents.error().line, Problem::Severity::kError, documents.error().message));
    return loaded;
  }
  const YamlDocument* experiment = nullptr;
  for (const YamlDocument& document : *documents) {
    // A lone document is decoded whatever its kind says, so that everything wrong with it is told.
    const bool lone = documents->size() == 1 && document.value->is_object();
    if (experiment == nullptr && (lone || KindOf(*document.value) == "Experiment")) {
      experiment = &document;
      continue;
    }
    const std::vector<LocatedProblem> about = AboutOther(loaded, document);
    loaded.problems.insert(loaded.problems.end(), about.begin(), about.end());
  }
  if (experiment != nullptr) {
    Decode(*experiment, loaded);
    return loaded;
  }
  loaded.readable = false;
  loaded.problems.push_back(At(loaded, 1, Problem::Severity::kError,
                               "there is no document with kind: Experiment in this file"));
  return loaded;
}

}  // namespace hone
