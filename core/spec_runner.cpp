// SPDX-License-Identifier: Apache-2.0
// spec.runner: where trials run. hone's own field.
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/containers.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

struct Runner {
  std::string_view word;
  std::optional<RunnerKind> kind;  // nothing: not there yet
};

constexpr std::string_view kContainer = "Container";
constexpr std::array<Runner, 5> kRunners = {{{"Local", RunnerKind::kLocal},
                                             {"AskTell", RunnerKind::kAskTell},
                                             {kContainer, RunnerKind::kLocal},
                                             {"Kubernetes", {}},
                                             {"Slurm", {}}}};
constexpr std::array<std::string_view, 3> kNetworks = {"none", "host", "bridge"};
constexpr std::array<std::string_view, 3> kPulls = {"Never", "IfNotPresent", "Always"};

RunnerKind DecodeKind(Fields& runner) {
  std::array<std::string_view, kRunners.size()> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = kRunners[i].word;
  }
  const Runner& named = kRunners[runner.Word("kind", words).value_or(0)];
  if (!named.kind) {
    runner.problems().CannotHere(runner.Path("kind"),
                                 std::string(named.word) +
                                     " is not supported by this build yet; use Local, Container or "
                                     "AskTell");
  }
  return named.kind.value_or(RunnerKind::kLocal);
}

}  // namespace

RunnerKind DecodeRunner(Fields& spec) {
  std::optional<Fields> fields = spec.Object("runner");
  if (!fields || fields->RequiredText("kind", "say Local, Container or AskTell").empty()) {
    return RunnerKind::kLocal;
  }
  const RunnerKind kind = DecodeKind(*fields);
  // Kept in the document alone: see ContainersOf.
  const bool network = fields->Word("network", kNetworks).has_value();
  const bool pull = fields->Word("imagePullPolicy", kPulls).has_value();
  if ((network || pull) && fields->Text("kind") != kContainer) {
    fields->problems().Refuse(fields->Path(network ? "network" : "imagePullPolicy"),
                              "is of containers: say kind: Container, or leave it out");
  }
  fields->Finish();
  return kind;
}

std::optional<ContainerOptions> ContainersOf(const ExperimentSpec& spec) {
  const auto document = ParseJson(spec.document);
  const nlohmann::json::json_pointer path("/spec/runner");
  if (!document.is_object() || !document.contains(path) || !document.at(path).is_object()) {
    return std::nullopt;
  }
  const nlohmann::json& runner = document.at(path);
  const auto text = [&runner](const char* key) {
    const auto found = runner.find(key);
    return found != runner.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text("kind") != kContainer) {
    return std::nullopt;
  }
  ContainerOptions options;
  options.network = text("network").empty() ? options.network : text("network");
  options.pull = text("imagePullPolicy");
  return options;
}

}  // namespace hone
