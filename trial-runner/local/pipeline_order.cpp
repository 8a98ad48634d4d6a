// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/pipeline_order.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "trial-runner/local/pipeline_texts.h"
#include "trial-runner/local/podman.h"
#include "trial-runner/local/verdict.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using workflow::Template;

constexpr char kSpec[] = "spec.trialTemplate";
constexpr std::uint64_t kMostStatus = std::uint64_t{16} << 20;

/// Paths of files are told to a process by its texts alone: there is no file system of its own.
void CheckPaths(const Template& leaf, Problems& problems) {
  for (const auto& [tag, path] : PathsOf(leaf)) {
    if (!NamesPath(leaf, tag, path)) {
      problems.CannotHere(leaf.field, "the texts of template '" + leaf.name + "' do not name " +
                                          Printable(path, 200) + ": write {{" + tag +
                                          ".path}} or the path itself there, and each run gets a "
                                          "file of its own in its place; or use runner Container");
    }
  }
}

void CheckPrimary(const workflow::Workflow& flow, const PrimaryPod& primary, Problems& problems) {
  const bool found = std::ranges::any_of(flow.templates, [&](const Template& item) {
    return item.IsLeaf() && IsPrimary(item, primary.labels);
  });
  if (!found) {
    problems.CannotHere(std::string(kSpec) + ".primaryPodLabels",
                        "no container or script of the workflow has these labels in its metadata, "
                        "so that no metrics would be read");
  }
  if (primary.container != "main") {
    problems.Warn(std::string(kSpec) + ".primaryContainerName",
                  "Argo calls the container of each step main; on a cluster no metrics would be "
                  "read from '" +
                      Printable(primary.container, 60) + "'");
  }
}

json PairsOf(const std::vector<std::pair<std::string, std::string>>& pairs) {
  json list = json::array();
  for (const auto& [from, to] : pairs) {
    list.push_back({from, to});
  }
  return list;
}

/// Of a file that the trial could have changed.
std::string TextIn(const json& object, const char* key) {
  const bool there = object.is_object() && object.contains(key) && object[key].is_string();
  return there ? object[key].get<std::string>() : "";
}

int NumberIn(const json& object, const char* key) {
  const bool there = object.is_object() && object.contains(key) && object[key].is_number_integer();
  return there ? object[key].get<int>() : 0;
}

template <class T>
void Read(const json& from, const char* key, T& into) {
  into = from.at(key).get<T>();
}

void ReadPath(const json& from, const char* key, fs::path& into) {
  into = from.at(key).get<std::string>();
}

PipelineOrder ReadOrder(const json& from) {
  PipelineOrder order;
  Read(from, "workflow", order.workflow);
  Read(from, "trialName", order.trial_name);
  Read(from, "namespace", order.name_space);
  Read(from, "experiment", order.experiment);
  Read(from, "uid", order.uid);
  ReadPath(from, "trialFolder", order.trial_folder);
  ReadPath(from, "attemptFolder", order.attempt_folder);
  ReadPath(from, "workingFolder", order.working_folder);
  ReadPath(from, "cacheFolder", order.cache_folder);
  Read(from, "primaryLabels", order.primary_labels);
  Read(from, "primaryCached", order.primary_cached);
  Read(from, "containers", order.containers);
  Read(from, "podman", order.podman);
  Read(from, "network", order.network);
  Read(from, "pull", order.pull);
  Read(from, "gpus", order.gpus);
  Read(from, "width", order.width);
  order.grace = Duration(from.at("graceMicros").get<Duration::rep>());
  Read(from, "logQuota", order.log_quota);
  Read(from, "oomCounter", order.oom_counter);
  Read(from, "movedPaths", order.moved_paths);
  return order;
}

}  // namespace

std::string EncodeOrder(const PipelineOrder& order) {
  return DumpJson(json{{"workflow", order.workflow},
                       {"trialName", order.trial_name},
                       {"namespace", order.name_space},
                       {"experiment", order.experiment},
                       {"uid", order.uid},
                       {"trialFolder", order.trial_folder.string()},
                       {"attemptFolder", order.attempt_folder.string()},
                       {"workingFolder", order.working_folder.string()},
                       {"cacheFolder", order.cache_folder.string()},
                       {"primaryLabels", order.primary_labels},
                       {"primaryCached", order.primary_cached},
                       {"containers", order.containers},
                       {"podman", order.podman},
                       {"network", order.network},
                       {"pull", order.pull},
                       {"gpus", order.gpus},
                       {"width", order.width},
                       {"graceMicros", order.grace.count()},
                       {"logQuota", order.log_quota},
                       {"oomCounter", order.oom_counter},
                       {"movedPaths", PairsOf(order.moved_paths)}});
}

Result<PipelineOrder> DecodeOrder(const std::string& text) {
  const json parsed = ParseJson(text);
  try {
    return ReadOrder(parsed);
  } catch (const json::exception& error) {
    return Fail(Code::kDataLoss,
                std::string("the order of the pipeline is not whole: ") + error.what());
  }
}

std::string EncodeStatus(const std::string& status, const PipelineEnd& end) {
  json text = ParseJson(status);
  text["end"] = {{"kind", EndingWord(end.kind)},
                 {"exitCode", end.exit_code},
                 {"signal", end.signal},
                 {"message", end.message}};
  return DumpJson(text);
}

bool IsPrimary(const Template& leaf, const std::map<std::string, std::string>& labels) {
  return std::ranges::all_of(labels, [&leaf](const auto& label) {
    const auto own = leaf.labels.find(label.first);
    return own != leaf.labels.end() && own->second == label.second;
  });
}

LocalWork DecodePipeline(std::string_view text, const PrimaryPod& primary, const std::string& field,
                         Problems& problems) {
  LocalWork work;
  workflow::Workflow flow = workflow::DecodeWorkflow(text, field, problems);
  for (const Template& item : flow.templates) {
    if (!item.IsLeaf()) {
      continue;
    }
    const bool script = item.kind == workflow::TemplateKind::kScript;
    work.containers.push_back(DecodeStepContainer(
        item.container, item.field + (script ? ".script" : ".container"), problems, primary.place));
    const Demand& needs = work.containers.back().demand;
    work.demand.cpus = std::max(work.demand.cpus, needs.cpus);
    work.demand.gpus = std::max(work.demand.gpus, needs.gpus);
    work.demand.memory_bytes = std::max(work.demand.memory_bytes, needs.memory_bytes);
    if (primary.place == Place::kProcess) {
      CheckPaths(item, problems);
    }
  }
  if (!flow.templates.empty()) {  // else that has been told
    CheckPrimary(flow, primary, problems);
  }
  if (!problems.HasErrors()) {
    const std::uint32_t width = workflow::WidthOf(flow);
    work.demand.cpus *= width;
    work.demand.memory_bytes *= width;
  }
  work.pipeline = std::move(flow);
  return work;
}

PipelineOrder MakeOrder(const LaunchSpec& spec, const LocalWork& work, const Layout& layout,
                        const Surroundings& surroundings, const std::vector<std::string>& gpus) {
  const fs::path attempt = layout.Attempt({spec.id, spec.attempt});
  PipelineOrder order{
      .workflow = spec.run_object,
      .trial_name = spec.trial_name,
      .name_space = spec.name_space,
      .experiment = spec.experiment_name,
      .uid = spec.id.experiment.text + "-" + std::to_string(spec.id.number),
      .trial_folder = layout.Trial(spec.id),
      .attempt_folder = attempt,
      .working_folder = spec.working_folder.empty() ? surroundings.folder
                                                    : surroundings.folder / spec.working_folder,
      .cache_folder = layout.StepCache(),
      .primary_labels = spec.primary_labels,
      .primary_cached = spec.collector.kind == CollectorKind::kStdOut && !spec.budget &&
                        !spec.start_from && spec.checkpoint_path.empty(),
      .containers = spec.container.has_value(),
      .network = spec.container ? spec.container->network : "",
      .pull = spec.container ? spec.container->pull : "",
      .gpus = gpus,
      .width = work.pipeline ? workflow::WidthOf(*work.pipeline) : 1,
      .grace = surroundings.grace,
      .log_quota = surroundings.log_quota,
      .oom_counter = spec.container ? "/proc/vmstat" : surroundings.oom_counter,
      .moved_paths = {}};
  // One that no step names is written by all trials; the check has told so.
  if (!spec.metrics_file.empty() && spec.run_object.find(spec.metrics_file) != std::string::npos) {
    order.moved_paths.emplace_back(
        spec.metrics_file, (attempt / "metrics" / fs::path(spec.metrics_file).filename()).string());
  }
  if (spec.checkpoint_path.size() > 1) {
    order.moved_paths.emplace_back(spec.checkpoint_path, layout.Checkpoint(spec.id).string());
  }
  return order;
}

LaunchPlan MakePipelinePlan(const LaunchSpec& spec, const PipelineOrder& order,
                            const Layout& layout, const Surroundings& surroundings) {
  LocalJob job;
  job.command = {(surroundings.programs / kPipelineProgram).string(),
                 (order.attempt_folder / kPipelineOrder).string()};
  LaunchPlan plan = MakePlan(spec, job, layout, surroundings, order.gpus);
  for (const auto& [from, to] : order.moved_paths) {
    if (from == spec.metrics_file) {
      plan.metrics_from = from;
      plan.metrics_to = to;
    }
  }
  plan.job = {.kind = std::string(workflow::kKind),
              .name = spec.trial_name,
              .success_condition = spec.success_condition,
              .failure_condition = spec.failure_condition};
  if (order.containers) {
    plan.cleanup = {job.command[0], "--remove-containers", "--time=", job.command[1]};
  }
  return plan;
}

Ending JudgePipeline(const LaunchPlan& plan, const fs::path& attempt, Ending ending) {
  const auto text = ReadFile(attempt / kPipelineStatus, kMostStatus);
  const json status = ParseJson(text.value_or(""));
  if (plan.job.kind != workflow::kKind || ending.kind == EndingKind::kStopped ||
      !status.is_object() || !status.contains("status")) {
    return ending;
  }
  const json end = status.value("end", json::object());
  const std::string said = Printable(TextIn(end, "message"), 2000);
  const bool succeeded = ending.kind == EndingKind::kSucceeded;
  if (!succeeded && !said.empty()) {
    const EndingKind kind = ParseEnding(TextIn(end, "kind")).value_or(EndingKind::kSucceeded);
    const bool ours = ending.kind == EndingKind::kExitCode && kind != EndingKind::kSucceeded;
    ending = {.kind = ours ? kind : ending.kind,
              .exit_code = ours ? NumberIn(end, "exitCode") : ending.exit_code,
              .signal = ours ? NumberIn(end, "signal") : ending.signal,
              .message = ours ? said : said + ": " + ending.message};
  }
  return ByConditions(std::move(ending), "workflow", *text, plan.job.success_condition,
                      plan.job.failure_condition);
}

std::string FileNameOf(std::string_view step_id) {
  constexpr std::size_t kMost = 100;
  std::string name(step_id.substr(0, kMost));
  for (char& c : name) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    c = plain ? c : '_';
  }
  // Others could be the same by now.
  return name == step_id && name.front() != '.' ? name
                                                : name + "-" + Sha256Of(step_id).substr(0, 8);
}

}  // namespace hone::local
