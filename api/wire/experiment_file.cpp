// SPDX-License-Identifier: Apache-2.0
#include "api/wire/experiment_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "api/wire/config_map.h"
#include "base/text.h"
#include "core/spec_codec.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestMessage = 1000;
constexpr std::string_view kTemplateField = "spec.trialTemplate.trialSpec";

std::string TextIn(const json& object, const json::json_pointer& pointer) {
  const bool is_text =
      object.is_structured() && object.contains(pointer) && object.at(pointer).is_string();
  return is_text ? object.at(pointer).get<std::string>() : "";
}

std::string KindOf(const json& document) {
  return document.is_object() ? TextIn(document, json::json_pointer("/kind")) : "";
}

LocatedProblem At(std::string file, int line, Problem::Severity severity, std::string message) {
  return {std::move(file), line, {severity, "", std::move(message)}};
}

LocatedProblem ErrorAt(std::string file, const YamlError& error) {
  return At(std::move(file), error.line, Problem::Severity::kError, error.message);
}

/// One document beside the experiment.
struct OtherDocument {
  std::string file;
  std::string_view text;  // of the file
  const YamlDocument* document;
};

/// What to say about a document that nobody wants; nothing for an empty one.
void TellUnused(const OtherDocument& other, LoadedExperiment& loaded) {
  const json& value = *other.document->value;
  if (value.is_null()) {
    return;
  }
  const std::string kind = KindOf(value);
  std::string message =
      "this document is no Experiment (its kind is \"" + Printable(kind, 60) + "\"); it is ignored";
  if (kind == "ConfigMap") {
    message = "the experiment does not refer to this ConfigMap; it is ignored";
  } else if (kind == "Experiment") {
    message = "only the first Experiment of a file is used; this one is ignored";
  }
  loaded.problems.push_back(At(other.file, other.document->source.LineOf("kind"),
                               Problem::Severity::kWarning, std::move(message)));
}

/// What an experiment says about its template, if it is in a ConfigMap.
struct Wanted {
  std::string name;
  std::string name_space;
  std::string path;
};

std::optional<Wanted> WantedTemplate(const json& experiment) {
  const json::json_pointer at("/spec/trialTemplate/configMap");
  const bool present =
      experiment.is_object() && experiment.contains(at) && experiment.at(at).is_object();
  if (!present || TextIn(experiment, at / "configMapName").empty()) {
    return std::nullopt;
  }
  return Wanted{TextIn(experiment, at / "configMapName"),
                TextIn(experiment, at / "configMapNamespace"),
                TextIn(experiment, at / "templatePath")};
}

bool IsWanted(const json& document, const Wanted& wanted) {
  const std::string name_space = TextIn(document, json::json_pointer("/metadata/namespace"));
  return KindOf(document) == "ConfigMap" &&
         TextIn(document, json::json_pointer("/metadata/name")) == wanted.name &&
         (name_space.empty() || name_space == wanted.name_space);
}

/// Whether a value that starts in this line is a block (`|`), whose text starts in the next one.
bool IsBlock(std::string_view text, int line) {
  const std::vector<std::string_view> lines = Split(text, '\n');
  const std::string_view all = Trim(lines.at(static_cast<std::size_t>(line) - 1));
  const std::string_view last = all.substr(std::min(all.find_last_of(" :") + 1, all.size()));
  return last.starts_with('|') || last.starts_with('>');
}

/// Puts the template that a ConfigMap holds beside the experiment's reference to it.
void TakeTemplate(const OtherDocument& other, const Wanted& wanted, json& experiment,
                  LoadedExperiment& loaded) {
  const json::json_pointer data = json::json_pointer("/data") / wanted.path;
  const std::string text = TextIn(*other.document->value, data);
  const int line = other.document->source.LineOf("data." + wanted.path);
  json& source = experiment["spec"]["trialTemplate"]["configMap"];
  source["trialSpec"] = json::object();  // so that it is not called missing
  if (wanted.path.empty()) {
    return;  // DecodeSpec tells that it is required
  }
  if (text.empty()) {
    loaded.problems.push_back(At(other.file, line, Problem::Severity::kError,
                                 "the ConfigMap " + Printable(wanted.name, 60) +
                                     " has no text under data." + Printable(wanted.path, 60) +
                                     ", which templatePath names"));
    return;
  }
  const int before = IsBlock(other.text, line) ? line : line - 1;
  const TemplateText read = ReadTemplate(text, before);
  for (const YamlError& mistake : read.mistakes) {
    loaded.problems.push_back(ErrorAt(other.file, mistake));
  }
  if (read.value != nullptr) {
    source["trialSpec"] = *read.value;
    loaded.template_place = {other.file, read.source};
  }
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

void Decode(const YamlDocument& document, std::span<const OtherDocument> others,
            LoadedExperiment& loaded) {
  loaded.source = document.source;
  json value = *document.value;
  Problems refused;
  loaded.overrides.Apply(value, refused);
  AddOverrideProblems(refused, loaded);
  const OtherDocument* holder = nullptr;
  const std::optional<Wanted> wanted = WantedTemplate(value);
  for (const OtherDocument& other : others) {
    if (wanted && holder == nullptr && IsWanted(*other.document->value, *wanted)) {
      holder = &other;
    } else {
      TellUnused(other, loaded);
    }
  }
  if (holder != nullptr && wanted) {
    TakeTemplate(*holder, *wanted, value, loaded);
  }
  Problems problems;
  loaded.spec = DecodeSpec(
      std::move(value),
      [&loaded](std::string_view path) {
        return loaded.overrides.PlaceOf(path) ? loaded.overrides.PlainText(path)
                                              : loaded.source.PlainText(path);
      },
      problems);
  if (holder != nullptr && !loaded.template_place) {
    loaded.spec.trial_template.trial_spec.clear();  // what is wrong with it was told
  }
  loaded.Add(problems);
}

using Documents = std::vector<YamlDocument>;

/// Nothing: what is wrong was told.
std::optional<Documents> Parse(std::string_view text, const std::string& file,
                               LoadedExperiment& loaded) {
  std::vector<YamlError> mistakes;
  auto documents = ParseYaml(text, &mistakes);
  for (const YamlError& mistake : mistakes) {
    loaded.problems.push_back(ErrorAt(file, mistake));
  }
  if (!documents) {
    loaded.problems.push_back(ErrorAt(file, documents.error()));
    return std::nullopt;
  }
  return std::move(*documents);
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

Problems LoadedExperiment::Found() const {
  Problems found;
  for (const LocatedProblem& located : problems) {
    found.Add(located.problem);
  }
  return found;
}

LocatedProblem LoadedExperiment::Locate(const Problem& problem) const {
  const std::string_view field = problem.field;
  if (template_place && field.starts_with(kTemplateField)) {
    std::string_view inside = field.substr(kTemplateField.size());
    inside.remove_prefix(inside.starts_with('.') ? 1 : 0);
    return {template_place->file, template_place->source.LineOf(inside), problem};
  }
  const Problem placed = WithPlaceOf(overrides, problem);
  const auto place = placed.message.starts_with(kUnknownField)
                         ? overrides.NearestPlaceOf(problem.field)
                         : overrides.PlaceOf(problem.field);
  return place ? LocatedProblem{*place, 0, placed}
               : LocatedProblem{file, source.LineOf(field), placed};
}

void LoadedExperiment::Add(const Problems& found, std::size_t from) {
  for (const Problem& problem : std::span(found.list()).subspan(from)) {
    problems.push_back(Locate(problem));
  }
  std::ranges::stable_sort(problems, {}, [this](const LocatedProblem& located) {
    // What has no line ("--set 1") comes first, other files last.
    return std::tuple(located.line > 0, located.file != file, std::string_view(located.file),
                      located.line);
  });
}

LoadedExperiment LoadExperiment(std::string_view text, std::string file_name,
                                std::span<const std::string> sets,
                                std::span<const ConfigMapFile> config_maps) {
  LoadedExperiment loaded;
  loaded.file = std::move(file_name);
  Problems unreadable;
  loaded.overrides = Overrides::Parse(sets, unreadable);
  AddOverrideProblems(unreadable, loaded);
  const std::optional<Documents> documents = Parse(text, loaded.file, loaded);
  if (!documents) {
    loaded.readable = false;
    return loaded;
  }
  const YamlDocument* experiment = nullptr;
  std::vector<OtherDocument> others;
  for (const YamlDocument& document : *documents) {
    // A lone document is decoded whatever its kind says, so that everything wrong with it is told.
    const bool lone = documents->size() == 1 && document.value->is_object();
    if (experiment == nullptr && (lone || KindOf(*document.value) == "Experiment")) {
      experiment = &document;
    } else {
      others.push_back({loaded.file, text, &document});
    }
  }
  std::vector<Documents> more;
  more.reserve(config_maps.size());
  for (const ConfigMapFile& given : config_maps) {
    more.push_back(Parse(given.text, given.name, loaded).value_or(Documents{}));
    for (const YamlDocument& document : more.back()) {
      others.push_back({given.name, given.text, &document});
    }
  }
  if (experiment != nullptr) {
    Decode(*experiment, others, loaded);
    return loaded;
  }
  for (const OtherDocument& other : others) {
    TellUnused(other, loaded);
  }
  loaded.readable = false;
  loaded.problems.push_back(At(loaded.file, 1, Problem::Severity::kError,
                               "there is no document with kind: Experiment in this file"));
  return loaded;
}

}  // namespace hone
