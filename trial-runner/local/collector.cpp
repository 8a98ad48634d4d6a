// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/collector.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/podman.h"
#include "trial-runner/local/ports.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kContainerField[] = "spec.metricsCollectorSpec.collector.customCollector";
constexpr std::uint16_t kKatibsPort = 6789;  // where its Python package looks for DBManager
constexpr char kPortVariable[] = "HONE_METRICS_PORT";

bool NamesPort(const LocalJob& container, const std::string& declared) {
  const auto names = [](const std::string& text) {
    return text.find(kPortVariable) != std::string::npos;
  };
  return std::ranges::any_of(container.command, names) ||
         std::ranges::any_of(container.image.args, names) ||
         std::ranges::any_of(container.env, [&](const auto& variable) {
           return variable.second == declared || names(variable.second);
         });
}

/// Whether the trial listens where it is told to.
bool TakesOwnPort(const LocalWork& work, const CollectorOrder& order) {
  const std::string declared = std::to_string(order.port);
  return std::ranges::any_of(
      work.containers, [&](const LocalJob& container) { return NamesPort(container, declared); });
}

/// The trial's name comes from a label in a cluster and is in the environment here anyway.
void DropTrialName(json& container) {
  if (!container.is_object() || !container.contains("env") || !container["env"].is_array()) {
    return;
  }
  json kept = json::array();
  for (const json& variable : container["env"]) {
    if (!variable.is_object() || variable.value("name", json()) != "KATIB_TRIAL_NAME") {
      kept.push_back(variable);
    }
  }
  container["env"] = std::move(kept);
}

/// The container as the only one of a pod.
LocalJob DecodeCustom(const CollectorOrder& order, Place place, Problems& problems) {
  json container = ParseJson(order.container);
  DropTrialName(container);
  const json pod = {{"containers", json::array({container})}};
  Problems found;
  LocalJob job = DecodePodSpec(DumpJson(pod), "", kContainerField, {}, found, place);
  for (Problem problem : found.list()) {
    const std::string inner = std::string(kContainerField) + ".containers[0]";
    if (problem.field.starts_with(inner)) {
      problem.field = kContainerField + problem.field.substr(inner.size());
    }
    problems.Add(std::move(problem));
  }
  return job;
}

Result<std::string> ProgramFor(CollectorKind kind, const Surroundings& surroundings) {
  const bool scrapes = kind == CollectorKind::kPrometheus;
  const fs::path program = surroundings.programs / (scrapes ? "hone-scrape" : "hone-push");
  if (::access(program.c_str(), X_OK) != 0) {
    return Fail(Code::kNotFound, "there is no program " + program.string() +
                                     (scrapes ? ": install it beside hone-shim"
                                              : ": this hone was built without gRPC"));
  }
  return program.string();
}

Result<HelperPlan> ScraperPlan(const LaunchSpec& spec, const fs::path& attempt,
                               const Surroundings& surroundings) {
  const CollectorOrder& order = spec.collector;
  HelperPlan helper;
  HONE_ASSIGN_OR_RETURN(std::string program, ProgramFor(order.kind, surroundings));
  helper.argv = {std::move(program), std::to_string(order.own_port), order.http_path,
                 (attempt / attempt_files::kPushed).string()};
  helper.argv.insert(helper.argv.end(), order.metrics.begin(), order.metrics.end());
  return helper;
}

Result<HelperPlan> PushPlan(const LaunchSpec& spec, const fs::path& attempt,
                            const Surroundings& surroundings) {
  HelperPlan helper;
  HONE_ASSIGN_OR_RETURN(std::string program, ProgramFor(spec.collector.kind, surroundings));
  const auto grace = std::chrono::duration_cast<std::chrono::milliseconds>(surroundings.grace);
  helper.argv = {std::move(program), std::to_string(spec.collector.own_port), spec.trial_name,
                 (attempt / attempt_files::kPushed).string(), std::to_string(grace.count())};
  helper.ready_first = true;
  return helper;
}

Place PlaceOf(const std::optional<ContainerOptions>& containers) {
  return containers ? Place::kContainer : Place::kProcess;
}

/// The user's own container. It is a child of hone-push, and so in the trial's network already;
/// from there no image can be fetched.
void AddCustomContainer(const LaunchSpec& trials, const LocalJob& job, const Layout& layout,
                        const Surroundings& surroundings, LaunchPlan& trial, HelperPlan& helper) {
  LaunchSpec spec = trials;
  spec.container = ContainerOptions{.network = "host", .pull = "Never"};
  const std::vector<std::string> no_gpus;
  LaunchPlan own = MakeContainerPlan({.spec = spec,
                                      .job = job,
                                      .layout = layout,
                                      .surroundings = surroundings,
                                      .gpus = no_gpus,
                                      .podman = surroundings.podman,
                                      .part = attempt_files::kCollectorName,
                                      .metrics = trial.metrics_to});
  helper.argv.insert(helper.argv.end(), own.argv.begin(), own.argv.end());
  helper.env = std::move(own.env);
  helper.folder = std::move(own.folder);
  AlsoRemove(ContainerName(spec, attempt_files::kCollectorName), trial);
}

/// The user's own process, started by hone-push once it listens.
Status AddCustom(const LaunchSpec& spec, const Layout& layout, const Surroundings& surroundings,
                 LaunchPlan& trial, HelperPlan& helper) {
  Problems problems;
  LocalJob job = DecodeCustom(spec.collector, PlaceOf(spec.container), problems);
  if (problems.HasErrors()) {
    return Fail(Code::kInvalidArgument, "its container cannot be run here", kContainerField);
  }
  if (spec.container) {
    AddCustomContainer(spec, job, layout, surroundings, trial, helper);
    return {};
  }
  if (job.working_folder.empty()) {
    job.working_folder = trial.PrimaryFolder().string();
  }
  LaunchPlan own = MakePlan(spec, job, layout, surroundings, {});
  helper.argv.insert(helper.argv.end(), own.argv.begin(), own.argv.end());
  helper.env = std::move(own.env);
  helper.folder = std::move(own.folder);
  return {};
}

}  // namespace

void CheckCollector(const ExperimentSpec& spec, const LocalWork& work, Problems& problems) {
  const CollectorOrder order = OrderOf(spec);
  const auto containers = ContainersOf(spec);
  if (order.kind == CollectorKind::kCustom && order.container.starts_with('{')) {
    DecodeCustom(order, PlaceOf(containers), problems);  // what is no object has been told
  }
  const bool own_network = containers && containers->network != "host";
  if (order.kind != CollectorKind::kPrometheus || own_network || TakesOwnPort(work, order)) {
    return;
  }
  const std::string port = std::to_string(order.port);
  if (spec.parallel_trial_count > 1) {
    problems.CannotHere("spec.metricsCollectorSpec.source.httpGet.port",
                        "all trials would listen on port " + port +
                            " of this machine: let each have its own by $(HONE_METRICS_PORT) in "
                            "command, args or env (or a variable of env with the value \"" +
                            port + "\"), or set parallelTrialCount: 1");
  }
}

void CheckPrograms(const ExperimentSpec& spec, const Surroundings& surroundings,
                   Problems& problems) {
  CollectorOrder order;
  order.kind = spec.collector.kind;
  if (!order.NeedsProcess() || spec.runner != RunnerKind::kLocal) {
    return;
  }
  if (const auto program = ProgramFor(order.kind, surroundings); !program) {
    problems.CannotHere("spec.metricsCollectorSpec.collector.kind", program.error().message);
  }
}

void CheckCollectorImage(const ExperimentSpec& spec, const ContainerOptions& options,
                         Problems& problems) {
  const CollectorOrder order = OrderOf(spec);
  if (order.kind == CollectorKind::kCustom) {
    Problems told_by_check;
    ContainerOptions as_it_lies = options;
    as_it_lies.pull = "Never";
    CheckImage(as_it_lies, DecodeCustom(order, Place::kContainer, told_by_check), kContainerField,
               problems);
  }
}

Status GivePort(const LocalWork& work, bool own_network, CollectorOrder& order) {
  if (!order.NeedsProcess()) {
    return {};
  }
  if (own_network) {
    const bool scraped = order.kind == CollectorKind::kPrometheus;
    order.own_port = scraped ? static_cast<std::uint16_t>(order.port) : kKatibsPort;
    return {};
  }
  if (order.kind == CollectorKind::kPrometheus && !TakesOwnPort(work, order)) {
    order.own_port = static_cast<std::uint16_t>(order.port);
    if (SomebodyListens(order.own_port)) {
      return Fail(Code::kUnavailable, "another program listens on port " +
                                          std::to_string(order.port) +
                                          ", where the trial's metrics should be");
    }
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const auto ports, FreePorts(1));
  order.own_port = ports.front();
  return {};
}

Status AddCollector(const LaunchSpec& spec, const Layout& layout, const Surroundings& surroundings,
                    LaunchPlan& plan) {
  if (!spec.collector.NeedsProcess()) {
    return {};
  }
  const AttemptKey key{spec.id, spec.attempt};
  const fs::path attempt = layout.Attempt(key);
  const bool scrapes = spec.collector.kind == CollectorKind::kPrometheus;
  HONE_ASSIGN_OR_RETURN(HelperPlan helper, scrapes ? ScraperPlan(spec, attempt, surroundings)
                                                   : PushPlan(spec, attempt, surroundings));
  if (spec.collector.kind == CollectorKind::kCustom) {
    HONE_RETURN_IF_ERROR(AddCustom(spec, layout, surroundings, plan, helper));
  } else {
    helper.folder = plan.PrimaryFolder();
    helper.env = AttemptMarks(layout, key);
    for (const auto& [name, value] : surroundings.environment) {
      helper.env.push_back(std::string(name).append("=").append(value));
    }
  }
  plan.collector = std::move(helper);
  return {};
}

}  // namespace hone::local
