// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/plan.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "trial-runner/local/checkpoint.h"
#include "trial-runner/local/python_start.h"

namespace hone::local {
namespace {

// systemd's, which must not be passed on: a trial could speak to it as if it were the engine.
constexpr std::string_view kServiceManager[] = {"NOTIFY_SOCKET",  "LISTEN_FDS",    "LISTEN_PID",
                                                "LISTEN_FDNAMES", "WATCHDOG_PID",  "WATCHDOG_USEC",
                                                "INVOCATION_ID",  "JOURNAL_STREAM"};

bool IsEnginesOwn(std::string_view name) {
  return name.starts_with("HONE_") || name.starts_with("KATIB_") || name == "PWD" ||
         name == "OLDPWD" || name == "_" ||
         std::ranges::find(kServiceManager, name) != std::end(kServiceManager);
}

// Where the trial is asked for its metrics, or where it tells them.
void AddPort(const CollectorOrder& collector, bool is_read, Variables& own) {
  const std::string port = std::to_string(collector.own_port);
  if (collector.kind == CollectorKind::kPrometheus) {
    own.emplace("HONE_METRICS_PORT", is_read ? port : "0");  // 0: any that is free
  } else if (IsTold(collector)) {
    own.emplace("HONE_DB_MANAGER_ADDRESS", "127.0.0.1:" + port);
    own.emplace("KATIB_DB_MANAGER_SERVICE_IP", "127.0.0.1");
    own.emplace("KATIB_DB_MANAGER_SERVICE_NAMESPACE", "");
    own.emplace("KATIB_DB_MANAGER_SERVICE_PORT", port);
  }
}

// @returns whether `from` occurred in the text
bool ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  bool replaced = false;
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
    replaced = true;
  }
  return replaced;
}

// In a cluster each trial has its own file system, so that all may write to the same path. Here,
// wherever the Job's own texts name the collector's file, each attempt gets one of its own.
void GiveOwnMetricsFile(const LaunchSpec& spec, const std::filesystem::path& folder,
                        Variables& variables, LaunchPlan& plan) {
  if (spec.metrics_file.empty()) {
    return;
  }
  const std::filesystem::path own = folder / std::filesystem::path(spec.metrics_file).filename();
  bool replaced = false;
  for (auto& [name, value] : variables) {
    replaced = ReplaceAll(value, spec.metrics_file, own.string()) || replaced;
  }
  for (std::string& argument : plan.argv) {
    replaced = ReplaceAll(argument, spec.metrics_file, own.string()) || replaced;
  }
  if (replaced) {
    plan.metrics_from = spec.metrics_file;
    plan.metrics_to = own;
  }
}

std::filesystem::path FirstGiven(const std::string& container, const std::string& experiment,
                                 const std::filesystem::path& fallback) {
  if (!container.empty()) {
    return container;
  }
  return experiment.empty() ? fallback : fallback / experiment;
}

}  // namespace

Variables OwnVariables(const LaunchSpec& spec, const Layout& layout) {
  Variables own = {{"KATIB_TRIAL_NAME", spec.trial_name},
                   {"HONE_TRIAL_NAME", spec.trial_name},
                   {"HONE_TRIAL_DIR", layout.Work(spec.id).string()},
                   {"HONE_ATTEMPT", std::to_string(spec.attempt)},
                   {"HONE_CHECKPOINT_DIR", layout.Checkpoint(spec.id).string()},
                   {"HONE_ARTIFACT_DIR", layout.Artifacts(spec.id).string()},
                   {"HONE_PARAMETERS", layout.Parameters(spec.id).string()}};
  if (spec.budget) {
    own.emplace("HONE_BUDGET", FormatDouble(*spec.budget));
  }
  return own;
}

bool IsTold(const CollectorOrder& collector) {
  return collector.NeedsProcess() && collector.kind != CollectorKind::kPrometheus;
}

std::optional<Duration> Earlier(std::optional<Duration> a, std::optional<Duration> b) {
  if (a && b) {
    return std::min(*a, *b);
  }
  return a ? a : b;
}

Variables DefinedVariables(const LaunchSpec& spec, const LocalJob& job, const Layout& layout,
                           const std::string& replica) {
  Variables own = OwnVariables(spec, layout);
  AddPort(spec.collector, replica.empty(), own);
  const bool scraped = spec.collector.kind == CollectorKind::kPrometheus;
  const std::string declared_port = scraped ? std::to_string(spec.collector.port) : "";
  // As in a container, references see what the Job itself defines, not what is inherited.
  Variables defined = own;
  for (const auto& [name, value] : job.env) {
    if (!own.contains(name)) {
      const bool is_port = scraped && value == declared_port;
      defined.insert_or_assign(
          name, is_port ? own["HONE_METRICS_PORT"] : ExpandReferences(value, defined));
    }
  }
  return defined;
}

Variables InheritedEnvironment(const std::vector<std::string>& environ) {
  Variables variables = SplitVariables(environ);
  std::erase_if(variables, [](const auto& entry) { return IsEnginesOwn(entry.first); });
  return variables;
}

std::vector<std::string> AttemptMarks(const Layout& layout, const AttemptKey& key) {
  return {"HONE_TRIAL_DIR=" + layout.Work(key.trial).string(),
          "HONE_ATTEMPT=" + std::to_string(key.attempt)};
}

LaunchPlan MakePlan(const LaunchSpec& spec, const LocalJob& given, const Layout& layout,
                    const Surroundings& surroundings, const std::vector<std::string>& gpus,
                    const std::string& replica) {
  LocalJob job = given;
  NameCheckpointFolder(spec.checkpoint_path, layout.Checkpoint(spec.id).string(), job);
  Variables defined = DefinedVariables(spec, job, layout, replica);
  LaunchPlan plan;
  for (const std::string& argument : job.command) {
    plan.argv.push_back(ExpandReferences(argument, defined));
  }
  const std::filesystem::path metrics = layout.Attempt({spec.id, spec.attempt}) / "metrics";
  GiveOwnMetricsFile(spec, replica.empty() ? metrics : metrics / replica, defined, plan);

  Variables all = surroundings.environment;
  all.try_emplace("PYTHONUNBUFFERED", "1");  // else metrics show up in blocks of 8 KiB
  if (!gpus.empty()) {
    std::string list;
    for (const std::string& gpu : gpus) {
      list += (list.empty() ? "" : ",") + gpu;
    }
    all.insert_or_assign("CUDA_VISIBLE_DEVICES", list);
    all.insert_or_assign("NVIDIA_VISIBLE_DEVICES", list);
    all.try_emplace("CUDA_DEVICE_ORDER", "PCI_BUS_ID");  // the order in which NVML counts
  }
  for (const auto& [name, value] : defined) {
    all.insert_or_assign(name, value);
  }
  if (IsTold(spec.collector)) {
    const std::string inherited = all["PYTHONPATH"];
    all["PYTHONPATH"] = PythonStartFolder(layout.Attempt({spec.id, spec.attempt})).string() +
                        (inherited.empty() ? "" : ":" + inherited);
  }
  for (const auto& [name, value] : all) {
    plan.env.push_back(std::string(name).append("=").append(value));
  }
  plan.folder = FirstGiven(job.working_folder, spec.working_folder, surroundings.folder);
  plan.deadline = Earlier(spec.deadline, job.deadline);
  plan.grace = surroundings.grace;
  plan.log_quota = surroundings.log_quota;
  plan.oom_counter = surroundings.oom_counter;
  plan.gpus = gpus;
  return plan;
}

}  // namespace hone::local
