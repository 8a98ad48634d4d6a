// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/local_runner.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "trial-runner/local/collector.h"
#include "trial-runner/local/file_source.h"
#include "trial-runner/local/launcher.h"
#include "trial-runner/local/pipeline_order.h"
#include "trial-runner/local/podman.h"
#include "trial-runner/local/runner_impl.h"
#include "trial-runner/local/training.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

constexpr char kTemplateField[] = "spec.trialTemplate.trialSpec";

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    variables.emplace_back(*at);
  }
  return variables;
}

std::optional<std::string> ValueOf(const std::vector<std::string>& environment,
                                   std::string_view name) {
  for (const std::string& entry : environment) {
    if (entry.starts_with(name) && entry.substr(name.size(), 1) == "=") {
      return entry.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

std::string NvmlLibrary(const LocalOptions& options) {
  return options.nvml_library.empty()
             ? ValueOf(options.environment, "HONE_NVML_LIBRARY").value_or("libnvidia-ml.so.1")
             : options.nvml_library;
}

std::vector<std::string> FindGpus(const LocalOptions& options) {
  std::vector<std::string> names = options.gpu_names;
  if (!names.empty()) {
    return names;
  }
  if (options.gpus) {
    for (std::uint32_t i = 0; i < *options.gpus; ++i) {
      names.push_back(std::to_string(i));
    }
    return names;
  }
  return local::DetectGpus(NvmlLibrary(options),
                           ValueOf(options.environment, "CUDA_VISIBLE_DEVICES"));
}

std::uint64_t MachineMemory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)
             : 0;
}

Capacity CapacityOf(const LocalOptions& options, std::size_t gpus) {
  return {
      .cpus = options.cpus > 0 ? options.cpus : std::max(1U, std::thread::hardware_concurrency()),
      .gpus = static_cast<std::uint32_t>(gpus),
      .memory_bytes = options.memory_bytes.value_or(MachineMemory())};
}

Result<fs::path> FindShim(const fs::path& wanted) {
  std::error_code error;
  fs::path shim = wanted;
  if (shim.empty()) {
    shim = fs::read_symlink("/proc/self/exe", error).parent_path() / "hone-shim";
  }
  shim = fs::absolute(shim, error);
  if (::access(shim.c_str(), X_OK) != 0) {
    return Fail(Code::kNotFound,
                "no program hone-shim at " + shim.string() + ": install it beside hone");
  }
  return shim;
}

local::LocalWork WorkOf(const ExperimentSpec& spec, Problems& problems) {
  const TrialTemplate& trial = spec.trial_template;
  return local::DecodeWork(
      trial.trial_spec,
      {.container = trial.primary_container,
       .labels = trial.primary_pod_labels,
       .place = ContainersOf(spec) ? local::Place::kContainer : local::Place::kProcess},
      kTemplateField, problems);
}

fs::path FindOwnPodman() {
  return local::FindPodman(local::SplitVariables(OwnEnvironment()));
}

// Replicas, and a trial and what reads its metrics, must reach each other.
void CheckNetwork(const ContainerOptions& options, bool several, const CollectorOrder& order,
                  Problems& problems) {
  if (!several && !order.NeedsProcess()) {
    return;
  }
  const char* const who =
      several ? "the replicas of a training job" : "the trial and what takes its metrics";
  if (options.network == "bridge") {
    problems.CannotHere("spec.runner.network",
                        std::string(who) +
                            " would not reach each other over a bridge: say none, "
                            "for a network of their own, or host");
  } else if (options.network == "none" && ::geteuid() != 0) {
    problems.CannotHere("spec.runner.network",
                        std::string(who) +
                            " share a network of their own, which only root can "
                            "make: say host, or run hone as root");
  }
}

// Each step of a workflow is a container by itself, with a network that is not the collector's.
void CheckSteps(const ExperimentSpec& spec, Problems& problems) {
  const bool steps =
      spec.trial_template.trial_spec.find("\"argoproj.io/v1alpha1\"") != std::string::npos;
  if (steps && OrderOf(spec).NeedsProcess()) {
    problems.CannotHere("spec.metricsCollectorSpec.collector.kind",
                        "what takes the metrics is not reached by a workflow's steps in "
                        "containers; use StdOut, or runner.kind: Local");
  }
}

// What is special to containers.
void CheckContainer(const ExperimentSpec& spec, Problems& problems) {
  const fs::path path(spec.collector.path);
  const bool is_folder = spec.collector.kind == CollectorKind::kTensorFlowEvent;
  const fs::path mounted = (is_folder ? path : path.parent_path()).lexically_normal();
  if ((spec.collector.kind == CollectorKind::kFile || is_folder) && mounted == "/") {
    problems.CannotHere("spec.metricsCollectorSpec.source.fileSystemPath.path",
                        "a folder of the trial's own is mounted there, which cannot be '/'; put "
                        "the file into a folder such as /metrics");
  }
}

// Short, and the machine's id itself is nobody's business.
std::string ShortHash(std::string_view text) {
  const std::uint64_t hash = StableHash(text);
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) {
    digits += "0123456789abcdef"[(hash >> static_cast<unsigned>(shift)) & 15U];
  }
  return digits;
}

std::string MachineName() {
  const auto id = ReadFile("/etc/machine-id");
  if (id.has_value() && !Trim(*id).empty()) {
    return ShortHash(Trim(*id));
  }
  char host[256] = "";
  return ::gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0' ? host : "localhost";
}

}  // namespace

Result<std::unique_ptr<LocalRunner>> LocalRunner::Create(LocalOptions options, const Clock& clock) {
  if (options.environment.empty()) {
    options.environment = OwnEnvironment();
  }
  if (options.log_quota > 0 && options.log_quota < kLeastLogQuota) {
    return Fail(Code::kInvalidArgument, "must be 0 or at least 64 KiB", "log-quota");
  }
  HONE_ASSIGN_OR_RETURN(options.shim, FindShim(options.shim));
  std::error_code error;
  options.work_folder = fs::absolute(options.work_folder, error).lexically_normal();
  options.default_folder = fs::absolute(options.default_folder, error);
  if (options.default_folder.empty() || error) {
    options.default_folder = fs::current_path(error);
  }
  HONE_RETURN_IF_ERROR(MakeFolders(options.work_folder / "trials"));
  HONE_ASSIGN_OR_RETURN(std::string boot_id, BootId());

  std::vector<std::string> gpus = FindGpus(options);
  const Capacity total = CapacityOf(options, gpus.size());
  auto impl = std::make_unique<Impl>(clock, local::Layout(options.work_folder),
                                     local::GpuPool(std::move(gpus)));
  impl->instance = "local:" + MachineName() + ":" + options.work_folder.string();
  impl->total = total;
  impl->boot_id = std::move(boot_id);
  impl->shim = std::move(options.shim);
  impl->podman = local::FindPodman(local::SplitVariables(options.environment));
  impl->surroundings = {.environment = local::InheritedEnvironment(options.environment),
                        .folder = std::move(options.default_folder),
                        .programs = impl->shim.parent_path(),
                        .podman = impl->podman,
                        .oom_counter = options.oom_counter.empty() ? local::FindOomCounter()
                                                                   : std::move(options.oom_counter),
                        .grace = options.grace,
                        .log_quota = options.log_quota};
  HONE_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<LocalRunner>(new LocalRunner(std::move(impl)));
}

LocalRunner::LocalRunner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LocalRunner::~LocalRunner() {
  impl_->Shutdown();
}

std::string LocalRunner::Instance() const {
  return impl_->instance;
}

Capacity LocalRunner::Total() const {
  return impl_->total;
}

void LocalRunner::Check(const ExperimentSpec& spec, Problems& problems) const {
  CheckLocalTrials(spec, impl_->total, problems);
  if (ContainersOf(spec) && impl_->podman.empty()) {
    problems.CannotHere("spec.runner.kind", local::kNoPodman);
  }
  local::CheckPrograms(spec, impl_->surroundings, problems);
  const fs::path pipelines = impl_->surroundings.programs / local::kPipelineProgram;
  Problems told;
  if (::access(pipelines.c_str(), X_OK) != 0 && WorkOf(spec, told).pipeline) {
    problems.CannotHere(
        std::string(kTemplateField) + ".kind",
        "there is no program " + pipelines.string() + ": install it beside hone-shim");
  }
}

void CheckContainerImage(const ExperimentSpec& spec, Problems& problems) {
  const auto options = ContainersOf(spec);
  Problems told_by_check;
  const local::LocalWork work = WorkOf(spec, told_by_check);
  if (options && FindOwnPodman().empty()) {
    problems.CannotHere("spec.runner.kind", local::kNoPodman);
  } else if (options && !told_by_check.HasErrors()) {
    for (const local::LocalJob& container : work.containers) {
      local::CheckImage(*options, container, kTemplateField, problems);
    }
    local::CheckCollectorImage(spec, *options, problems);
  }
}

std::vector<std::string> ContainerTrialCommand() {
  return local::TrialCommand("podman");
}

std::vector<LocalGpu> LocalGpus(const LocalOptions& options) {
  LocalOptions complete = options;
  if (complete.environment.empty()) {
    complete.environment = OwnEnvironment();
  }
  const std::vector<local::GpuInfo> known = local::ListGpus(NvmlLibrary(complete));
  std::vector<LocalGpu> gpus;
  for (std::string& name : FindGpus(complete)) {
    const auto found = std::ranges::find(known, name, &local::GpuInfo::name);
    LocalGpu gpu{.name = std::move(name), .model = ""};
    if (found != known.end()) {
      gpu.model = found->model;
      gpu.memory_bytes = found->memory_bytes;
    }
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

Capacity LocalCapacity(const LocalOptions& options) {
  return CapacityOf(options, LocalGpus(options).size());
}

void CheckLocalTrials(const ExperimentSpec& spec, const Capacity& total, Problems& problems) {
  if (spec.runner != RunnerKind::kLocal) {
    problems.CannotHere("spec.runner.kind",
                        "AskTell is for workers that ask a daemon for trials: start 'hone serve' "
                        "and create the experiment there");
    return;
  }
  const TrialTemplate& trial = spec.trial_template;
  const local::LocalWork job = WorkOf(spec, problems);
  // Replicas that do not say what they need may well share a CPU.
  const bool says = !job.training || std::ranges::any_of(job.containers, [](const auto& container) {
    return container.demand.cpus > 1;
  });
  if (says && job.demand.cpus > total.cpus) {
    problems.Warn(kTemplateField, "a trial asks for " + std::to_string(job.demand.cpus) +
                                      " CPUs, this machine has " + std::to_string(total.cpus) +
                                      "; trials run one at a time");
  }
  if (const std::string never = WhyNever(job.demand, total); !never.empty()) {
    problems.CannotHere(kTemplateField, never);
  }
  if (const auto containers = ContainersOf(spec)) {
    const bool several = job.training && ReplicasOf(*job.training).size() > 1;
    const CollectorOrder order = OrderOf(spec);
    CheckNetwork(*containers, several, order, problems);
    CheckSteps(spec, problems);
    if (job.pipeline && spec.collector.kind != CollectorKind::kStdOut && !order.NeedsProcess()) {
      problems.CannotHere("spec.metricsCollectorSpec.collector.kind",
                          "of a Workflow in containers only StdOut is read; use that, or "
                          "runner.kind: Local");
    }
    local::CheckCollector(spec, job, problems);
    return CheckContainer(spec, problems);
  }
  const std::string& file = spec.collector.path;
  const bool is_own = trial.trial_spec.find(file) != std::string::npos ||
                      file.find("$(HONE_TRIAL_DIR)") != std::string::npos;
  const bool is_folder = spec.collector.kind == CollectorKind::kTensorFlowEvent;
  local::CheckCollector(spec, job, problems);
  if (!file.empty() && !is_own) {
    const std::string what = is_folder ? "folder" : "file";
    problems.Warn("spec.metricsCollectorSpec.source.fileSystemPath.path",
                  "the trial's command, args and env do not name '" + Printable(file, 200) +
                      "', so that all trials write to this one " + what +
                      " of this machine and mix their "
                      "metrics up; name it there, and each trial gets a " +
                      what + " of its own for it");
  }
}

Demand LocalRunner::DemandOf(const ExperimentSpec& spec) const {
  Problems told_by_check;
  Demand demand = WorkOf(spec, told_by_check).demand;
  demand.cpus = std::min(demand.cpus, impl_->total.cpus);
  return demand;
}

void LocalRunner::Launch(LaunchSpec spec, Done done) {
  impl_->Launch(std::move(spec), std::move(done));
}

void LocalRunner::Stop(TrialId id, Attempt attempt, StopMode /*mode: TERM is the sign to save*/,
                       Done done) {
  impl_->pool.Post([impl = impl_.get(), key = local::AttemptKey{std::move(id), attempt},
                    done = std::move(done)] { done(impl->Stop(key)); });
}

void LocalRunner::Observe(const ExperimentId& experiment, Seen seen) {
  impl_->pool.Post([impl = impl_.get(), experiment, seen = std::move(seen)] {
    const Status scanned = impl->Scan(experiment);
    if (scanned.has_value()) {
      seen(impl->table.Of(experiment));
    } else {
      seen(tl::make_unexpected(scanned.error()));
    }
  });
}

void LocalRunner::OnHint(std::function<void(TrialId)> hint) {
  impl_->hint.WithLock([&](auto& slot) { slot = std::move(hint); });
}

Result<std::optional<Sighting>> LocalRunner::Look(TrialId id, Attempt attempt) {
  const local::AttemptKey key{std::move(id), attempt};
  if (!impl_->table.Knows(key)) {
    HONE_RETURN_IF_ERROR(impl_->FindOne(key));
  }
  return impl_->table.Look(key);
}

void LocalRunner::Forget(TrialId id, Attempt attempt) {
  impl_->table.Forget({std::move(id), attempt});
}

Result<std::vector<std::string>> LocalRunner::ListOutput(const TrialId& id, Attempt attempt,
                                                         const std::string& folder) {
  return impl_->ListOutput({id, attempt}, folder);
}

Result<std::unique_ptr<ByteSource>> LocalRunner::OpenOutput(TrialId id, Attempt attempt,
                                                            const std::string& file) {
  if (!local::IsPlainName(id.experiment.text)) {
    return Fail(Code::kInvalidArgument, "no such experiment");
  }
  return impl_->OpenOutput({std::move(id), attempt}, file);
}

void LocalRunner::DropCheckpoint(const TrialId& id) {
  if (!local::IsPlainName(id.experiment.text)) {
    return;
  }
  impl_->files.Post([impl = impl_.get(), id] {
    std::error_code error;
    fs::remove_all(impl->layout.Checkpoint(id), error);
    if (error) {
      HONE_LOG(kWarn, "checkpoint_not_removed", {"trial", id.number}, {"reason", error.message()});
    }
  });
}

Status LocalRunner::Remove(const ExperimentId& experiment) {
  if (!local::IsPlainName(experiment.text)) {
    return Fail(Code::kInvalidArgument, "no such experiment");
  }
  HONE_RETURN_IF_ERROR(impl_->Scan(experiment));
  if (impl_->table.IsActive(experiment)) {
    return Fail(Code::kFailedPrecondition, "trials of the experiment still run");
  }
  std::error_code error;
  fs::remove_all(impl_->layout.Experiment(experiment), error);
  if (error) {
    return tl::make_unexpected(ErrnoError(error.value(), "remove the trials' folders"));
  }
  impl_->table.ForgetAll(experiment);
  return {};
}

void LocalRunner::KillAll() {
  impl_->watch->SignalAll(SIGQUIT);
}

}  // namespace hone
