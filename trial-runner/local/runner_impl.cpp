// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/runner_impl.h"

#include <csignal>
#include <utility>

#include "base/log.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/checkpoint.h"
#include "trial-runner/local/collector.h"
#include "trial-runner/local/file_source.h"
#include "trial-runner/local/job.h"
#include "trial-runner/local/launcher.h"
#include "trial-runner/local/output_path.h"
#include "trial-runner/local/pipeline_order.h"
#include "trial-runner/local/podman.h"
#include "trial-runner/local/ports.h"
#include "trial-runner/local/python_start.h"
#include "trial-runner/local/verdict.h"

namespace hone {

namespace {

namespace fs = std::filesystem;
namespace files = attempt_files;
using local::AttemptKey;
using local::AttemptState;

constexpr int kPoolThreads = 2;
constexpr int kFilesThreads = 2;
// A shim says who it is within milliseconds; on a machine in distress within this.
constexpr std::chrono::seconds kSilence{10};

void TellAll(const local::AttemptTable::Callers& callers, const Status& status) {
  for (const TrialRunner::Done& done : callers) {
    done(status);
  }
}

Error FirstError(const Problems& problems) {
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Problem::Severity::kError) {
      return {Code::kInvalidArgument, problem.message, problem.field};
    }
  }
  return {Code::kInternal, "no error", {}};
}

}  // namespace

LocalRunner::Impl::Impl(const Clock& wall_clock, local::Layout the_layout, local::GpuPool gpus)
    : clock(wall_clock),
      layout(std::move(the_layout)),
      table(std::move(gpus)),
      growth(std::make_shared<local::FileWatch>([this](const TrialId& trial) { Hint(trial); })),
      pool("hone-launch", kPoolThreads),
      files("hone-files", kFilesThreads) {}

Status LocalRunner::Impl::Start() {
  HONE_ASSIGN_OR_RETURN(
      watch, local::ShimWatch::Create(
                 {.claimed = [this](const AttemptKey& key,
                                    const std::string& text) { OnClaimed(key, text); },
                  .gone = [this](const AttemptKey& key,
                                 std::optional<ExitStatus> status) { OnGone(key, status); },
                  .tick = [this] { LookAtSuspects(); }}));
  if (total.gpus == 0) {
    return {};
  }
  // Trials of an earlier engine hold GPUs, whichever experiment asks first.
  HONE_ASSIGN_OR_RETURN(const auto experiments, layout.Experiments());
  for (const ExperimentId& experiment : experiments) {
    HONE_RETURN_IF_ERROR(Scan(experiment));
  }
  return {};
}

void LocalRunner::Impl::Shutdown() {
  if (watch != nullptr) {
    watch->Stop();
  }
  growth->Stop();  // before the listener that it tells goes
  pool.Stop();
  files.Stop();
}

void LocalRunner::Impl::Launch(LaunchSpec spec, Done done) {
  const AttemptKey key{spec.id, spec.attempt};
  switch (table.Begin(key, done)) {
    case local::AttemptTable::Place::kLaunching:
      return;
    case local::AttemptTable::Place::kKnown:
      pool.Post([done = std::move(done)] { done({}); });
      return;
    case local::AttemptTable::Place::kNew:
      break;
  }
  AsioExecutor& place = spec.start_from || spec.goes_on ? files : pool;
  place.Post([this, spec = std::move(spec), key] {
    if (const Status launched = TryLaunch(spec); !launched.has_value()) {
      FailLaunch(key, launched.error());
    }
  });
}

Status LocalRunner::Impl::TryLaunch(const LaunchSpec& spec) {
  if (!local::IsPlainName(spec.id.experiment.text)) {
    return Fail(Code::kInvalidArgument, "the experiment's id cannot name a folder");
  }
  const AttemptKey key{spec.id, spec.attempt};
  const fs::path attempt = layout.Attempt(key);
  HONE_ASSIGN_OR_RETURN(const AttemptState state, local::ReadAttempt(attempt, boot_id));
  if (!std::holds_alternative<local::Unclaimed>(state)) {
    return Settle(key, state);
  }
  HONE_ASSIGN_OR_RETURN(const auto earlier, local::ReadLaunchFile(attempt));
  if (earlier) {
    table.KeepGpus(key, earlier->gpus);  // of an engine that died in between
  } else {
    HONE_RETURN_IF_ERROR(WriteAttempt(spec));
  }
  HONE_ASSIGN_OR_RETURN(auto started, local::StartShim(shim, attempt));
  return watch->Add(key, std::move(started.shim), std::move(started.claim_pipe));
}

Status LocalRunner::Impl::WriteAttempt(const LaunchSpec& spec) {
  HONE_ASSIGN_OR_RETURN(const local::LocalWork work, WorkOf(spec));
  HONE_ASSIGN_OR_RETURN(const local::LaunchPlan plan, PlanLaunch(spec, work));
  HONE_RETURN_IF_ERROR(local::PrepareFolders(layout, spec, plan));
  const fs::path attempt = layout.Attempt({spec.id, spec.attempt});
  if (work.pipeline) {
    HONE_RETURN_IF_ERROR(WriteOrder(spec, work, plan));
  } else if (spec.container) {
    HONE_RETURN_IF_ERROR(local::PrepareReplicas(spec, work, layout, plan));
  }
  if (!spec.container && plan.collector && plan.collector->ready_first) {  // told, not scraped
    HONE_RETURN_IF_ERROR(local::WritePythonStart(attempt));
  }
  if (!spec.container && spec.collector.folder && !plan.metrics_to.empty()) {
    HONE_RETURN_IF_ERROR(MakeFolders(plan.metrics_to));  // mounted in both containers
  }
  if (work.training) {
    HONE_RETURN_IF_ERROR(local::WriteTrainingFiles(attempt, *work.training));
  }
  return local::WriteLaunchFile(attempt, plan);
}

Result<local::LocalWork> LocalRunner::Impl::WorkOf(const LaunchSpec& spec) {
  Problems problems;
  local::LocalWork work = local::DecodeWork(
      spec.run_object,
      {.container = spec.primary_container,
       .labels = spec.primary_labels,
       .place = spec.container ? local::Place::kContainer : local::Place::kProcess},
      "runSpec", problems);
  if (problems.HasErrors()) {
    return tl::make_unexpected(FirstError(problems));
  }
  return work;
}

Result<local::LaunchPlan> LocalRunner::Impl::PlanLaunch(const LaunchSpec& spec,
                                                        const local::LocalWork& work) {
  if (std::string never = WhyNever(work.demand, total); !never.empty()) {
    return Fail(Code::kInvalidArgument, std::move(never));
  }
  const auto gpus = table.TakeGpus({spec.id, spec.attempt}, work.demand.gpus);
  if (!gpus) {
    return Fail(Code::kResourceExhausted, "no GPU is free");
  }
  if (spec.container && podman.empty()) {
    return Fail(Code::kNotFound, local::kNoPodman);
  }
  LaunchSpec placed = spec;
  HONE_RETURN_IF_ERROR(
      local::GivePort(work, local::NeedsOwnNetwork(spec, false), placed.collector));
  HONE_ASSIGN_OR_RETURN(local::LaunchPlan plan, PlanProcesses(placed, work, *gpus));
  HONE_RETURN_IF_ERROR(local::AddCollector(placed, layout, surroundings, plan));
  return plan;
}

Result<local::LaunchPlan> LocalRunner::Impl::PlanProcesses(
    const LaunchSpec& spec, const local::LocalWork& work,
    const std::vector<std::string>& gpus) const {
  if (work.pipeline) {
    const auto order = local::MakeOrder(spec, work, layout, surroundings, gpus);
    return local::MakePipelinePlan(spec, order, layout, surroundings);
  }
  if (!work.training) {
    const local::LocalJob& only = work.containers.front();
    return spec.container ? local::MakeContainerPlan(spec, only, layout, surroundings, gpus, podman)
                          : local::MakePlan(spec, only, layout, surroundings, gpus);
  }
  HONE_ASSIGN_OR_RETURN(const auto ports, local::FreePorts(ReplicasOf(*work.training).size()));
  std::vector<Endpoint> endpoints;
  for (const std::uint16_t port : ports) {
    endpoints.push_back({.host = "127.0.0.1", .port = port});
  }
  return local::MakeTrainingPlan(spec, work, layout, surroundings, gpus, endpoints);
}

Status LocalRunner::Impl::WriteOrder(const LaunchSpec& spec, const local::LocalWork& work,
                                     const local::LaunchPlan& plan) const {
  local::PipelineOrder order = local::MakeOrder(spec, work, layout, surroundings, plan.gpus);
  order.podman = podman.string();
  return WriteFileDurably(order.attempt_folder / local::kPipelineOrder, EncodeOrder(order));
}

Status LocalRunner::Impl::Stop(const AttemptKey& key) {
  const auto seen = table.Look(key);
  if (!local::IsPlainName(key.trial.experiment.text) || (seen && seen->ending)) {
    return {};
  }
  HONE_RETURN_IF_ERROR(FindOne(key));
  const bool runs = table.WantStop(key);
  // For a shim that has not looked yet; it outlives this engine. No folder: nothing to stop.
  Status written = WriteFile(layout.Attempt(key) / files::kStop, "");
  if (!written.has_value() && written.error().code != Code::kNotFound) {
    return written;
  }
  if (runs) {
    watch->Signal(key, SIGTERM);
  }
  return {};
}

Status LocalRunner::Impl::Scan(const ExperimentId& experiment) {
  if (!local::IsPlainName(experiment.text) || !table.MarkScanned(experiment)) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const auto keys, layout.List(experiment));
  for (const AttemptKey& key : keys) {
    HONE_RETURN_IF_ERROR(FindOne(key));
  }
  return {};
}

Status LocalRunner::Impl::FindOne(const AttemptKey& key) {
  if (table.Knows(key) || !local::IsPlainName(key.trial.experiment.text)) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const AttemptState state, local::ReadAttempt(layout.Attempt(key), boot_id));
  if (std::holds_alternative<local::Unclaimed>(state) || !table.Enter(key)) {
    return {};
  }
  return Settle(key, state);
}

Status LocalRunner::Impl::Settle(const AttemptKey& key, const AttemptState& state) {
  if (const auto* record = std::get_if<local::ExitRecord>(&state)) {
    End(key, *record);
    return {};
  }
  if (const auto* vanished = std::get_if<local::Vanished>(&state)) {
    Lose(key, vanished->why, vanished->started_at);
    return {};
  }
  if (const auto* claim = std::get_if<local::ClaimRecord>(&state)) {
    return Adopt(key, *claim);
  }
  Suspect(key);
  return {};
}

Status LocalRunner::Impl::Adopt(const AttemptKey& key, const local::ClaimRecord& claim) {
  auto shim_process = local::OpenShim(claim);
  if (!shim_process.has_value()) {
    // Ended since its claim was read, or out of descriptors: the tick looks again.
    Suspect(key);
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const auto plan, local::ReadLaunchFile(layout.Attempt(key)));
  if (plan) {
    table.KeepGpus(key, plan->gpus);
  }
  // Watched first: a stop that comes now must find somebody to signal.
  HONE_RETURN_IF_ERROR(watch->Add(key, std::move(*shim_process), UniqueFd()));
  BeRunning(key, claim);
  return {};
}

void LocalRunner::Impl::OnClaimed(const AttemptKey& key, const std::string& text) {
  if (const auto claim = local::DecodeClaim(text)) {
    BeRunning(key, *claim);
  }
}

void LocalRunner::Impl::OnGone(const AttemptKey& key, std::optional<ExitStatus> status) {
  const auto state = local::ReadAttempt(layout.Attempt(key), boot_id);
  if (!state.has_value()) {
    return Suspect(key);  // out of descriptors or the like: the tick looks again
  }
  if (std::holds_alternative<local::Unclaimed>(*state)) {
    return FailLaunch(key, local::WhyUnclaimed(status));
  }
  if (const auto* vanished = std::get_if<local::Vanished>(&*state)) {
    // Looks through all processes, which may take a while.
    pool.Post([this, key, lost = *vanished] { Lose(key, lost.why, lost.started_at); });
    return;
  }
  const auto settle = [this, key, now = *state] {
    if (!Settle(key, now).has_value()) {
      Suspect(key);
    }
  };
  if (local::HasCheckpoint(layout, key.trial)) {
    return files.Post(settle);  // reads all of it
  }
  settle();
}

void LocalRunner::Impl::Suspect(const AttemptKey& key) {
  table.Suspect(key, std::chrono::steady_clock::now());
  watch->KeepTicking(true);
}

void LocalRunner::Impl::LookAtSuspects() {
  watch->KeepTicking(false);  // before the look: a suspect that comes now asks again
  const auto suspects = table.Suspects();
  if (!suspects.empty()) {
    watch->KeepTicking(true);
  }
  for (const auto& [key, since] : suspects) {
    LookAtSuspect(key, std::chrono::steady_clock::now() - since > kSilence);
  }
}

void LocalRunner::Impl::LookAtSuspect(const AttemptKey& key, bool for_the_last_time) {
  const auto state = local::ReadAttempt(layout.Attempt(key), boot_id);
  if (state.has_value() && std::holds_alternative<local::Unclaimed>(*state)) {
    return FailLaunch(key, local::WhyUnclaimed(std::nullopt));
  }
  if (state.has_value() && !std::holds_alternative<local::Starting>(*state)) {
    if (!Settle(key, *state).has_value()) {
      Suspect(key);
    }
    return;
  }
  if (!for_the_last_time) {
    return;
  }
  // Whatever is there must not start behind our back any more.
  if (const Status kept_out = WriteFile(layout.Attempt(key) / files::kStop, "");
      !kept_out.has_value()) {
    HONE_LOG(kWarn, "stop_not_written", {"experiment", key.trial.experiment.text},
             {"trial", key.trial.number}, {"reason", kept_out.error().message});
  }
  Lose(key, "hone-shim did not say what it does", clock.Now());
}

void LocalRunner::Impl::BeRunning(const AttemptKey& key, const local::ClaimRecord& claim) {
  Sighting sighting{.trial = key.trial.number,
                    .attempt = key.attempt,
                    .place = "pid " + std::to_string(claim.child),
                    .started_at = claim.started_at,
                    .ended_at = {},
                    .ending = {}};
  const auto change = table.Running(key, std::move(sighting));
  if (change.stop_wanted) {
    watch->Signal(key, SIGTERM);
  }
  TellAll(change.callers, {});
  Hint(key.trial);
}

void LocalRunner::Impl::End(const AttemptKey& key, const local::ExitRecord& record) {
  Sighting sighting{.trial = key.trial.number,
                    .attempt = key.attempt,
                    .place = "",
                    .started_at = record.started_at,
                    .ended_at = record.ended_at,
                    .ending = JudgeEnd(layout.Attempt(key), record),
                    .checkpoint = CheckpointOf(key)};
  std::error_code ignored;  // what is left of emptyDirs goes with the experiment
  fs::remove_all(layout.Attempt(key) / "volumes", ignored);
  TellAll(table.Ended(key, std::move(sighting)).callers, {});
  Hint(key.trial);
}

std::optional<std::string> LocalRunner::Impl::CheckpointOf(const AttemptKey& key) const {
  auto digest = local::SealCheckpoint(layout, key);
  if (!digest.has_value()) {
    HONE_LOG(kWarn, "checkpoint_not_kept", {"experiment", key.trial.experiment.text},
             {"trial", key.trial.number}, {"reason", digest.error().Text()});
    return std::nullopt;
  }
  return std::move(*digest);
}

Ending LocalRunner::Impl::JudgeEnd(const fs::path& attempt, const local::ExitRecord& record) const {
  if (record.culprits == files::kCollectorName) {
    const Ending collector = local::Judge(record, std::nullopt, local::CollectorSaid(attempt));
    const bool broken = record.exit_code == files::kCollectorBroken;  // not the user's doing
    return {broken ? EndingKind::kLost : EndingKind::kMetricMissing, 0, 0,
            "the metrics collector: " + collector.message};
  }
  // Only the sentence for people would miss it, the conditions of a training job, or what exit
  // codes of a container's program may mean, or how a workflow stands.
  std::error_code no_status;
  const bool is_known = record.kind != files::kKindTimeout && record.replicas.empty() &&
                        record.exit_code < local::kLeastCodeOfPodman &&
                        !fs::exists(attempt / local::kPipelineOrder, no_status);
  const std::optional<local::LaunchPlan> plan =
      !is_known ? local::ReadLaunchFile(attempt).value_or(std::nullopt) : std::nullopt;
  const bool succeeded = record.kind == files::kKindExited && record.exit_code == 0;
  const std::string culprit = record.culprits.substr(0, record.culprits.find(' '));
  const std::string log = plan ? local::LogNameOf(*plan, culprit).value_or(files::kOutput)
                               : std::string(files::kOutput);
  const std::string lines = succeeded ? "" : local::LastLines(attempt / log);
  Ending ending = local::Judge(record, plan ? plan->deadline : std::nullopt, lines);
  if (plan) {
    ending = plan->job.kind == workflow::kKind
                 ? local::JudgePipeline(*plan, attempt, std::move(ending))
                 : local::JudgeContainer(*plan, std::move(ending), lines);
  }
  if (plan && !record.replicas.empty()) {
    ending = local::JudgeTraining(*plan, record, std::move(ending));
  }
  if (ending.kind == EndingKind::kSucceeded) {
    ending.message = local::CollectorSaid(attempt);  // the reason if there are no metrics
  }
  return ending;
}

void LocalRunner::Impl::Lose(const AttemptKey& key, const std::string& why, Timestamp started_at) {
  const int killed = local::KillByEnvironment(local::AttemptMarks(layout, key));
  if (const auto plan = local::ReadLaunchFile(layout.Attempt(key)); plan.has_value() && *plan) {
    local::RemoveContainer(**plan);
  }
  if (killed > 0) {
    HONE_LOG(kWarn, "leftovers_killed", {"experiment", key.trial.experiment.text},
             {"trial", key.trial.number}, {"processes", killed});
  }
  Sighting sighting{.trial = key.trial.number,
                    .attempt = key.attempt,
                    .place = "",
                    .started_at = started_at,
                    .ended_at = clock.Now(),
                    .ending = Ending{EndingKind::kLost, 0, 0, why}};
  TellAll(table.Ended(key, std::move(sighting)).callers, {});
  Hint(key.trial);
}

void LocalRunner::Impl::FailLaunch(const AttemptKey& key, const Error& error) {
  TellAll(table.Drop(key).callers, tl::make_unexpected(error));
  Hint(key.trial);  // it may have run, if somebody removed its folder
}

std::unique_ptr<ByteSource> LocalRunner::Impl::OpenOutput(const AttemptKey& key,
                                                          const std::string& file) const {
  const fs::path attempt = layout.Attempt(key);
  if (file.empty() || file == kPushedOutput) {
    return local::OpenFileSource(attempt / (file.empty() ? files::kOutput : files::kPushed),
                                 {.watch = growth, .trial = key.trial});
  }
  // With each look at an event file its folder is listed, which once in a poll is enough.
  const bool is_event_file = file.find("tfevents") != std::string::npos;
  return local::OpenFileSource(
      [attempt, file]() -> Result<std::optional<fs::path>> {
        HONE_ASSIGN_OR_RETURN(const auto plan, local::ReadLaunchFile(attempt));
        if (!plan) {
          return std::nullopt;  // not launched yet
        }
        return local::PathOf(*plan, file);
      },
      {.watch = is_event_file ? nullptr : growth, .trial = key.trial});
}

Result<std::vector<std::string>> LocalRunner::Impl::ListOutput(const AttemptKey& key,
                                                               const std::string& folder) const {
  HONE_ASSIGN_OR_RETURN(const auto plan, local::ReadLaunchFile(layout.Attempt(key)));
  if (!plan) {
    return std::vector<std::string>();  // not launched yet
  }
  return local::ListFiles(local::PathOf(*plan, folder), folder);
}

void LocalRunner::Impl::Hint(const TrialId& trial) const {
  const auto listener = hint.WithLock([](const auto& slot) { return slot; });
  if (listener) {
    listener(trial);
  }
}

}  // namespace hone
