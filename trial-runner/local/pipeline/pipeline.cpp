// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/pipeline/pipeline.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "base/file.h"
#include "base/text.h"

namespace hone::local {
namespace {

constexpr int kLongestWaitMillis = 60'000;
constexpr std::chrono::seconds kMostReserve{2};
constexpr std::chrono::seconds kRemovalSlack{30};
constexpr int kExitFailed = 1;

void Say(const std::string& line) {
  std::printf("[hone: %s]\n", line.c_str());
  std::fflush(stdout);
}

/// The kernel's count of processes killed for want of memory; 0 if it is not told.
long long OomKills(const std::string& file) {
  const std::string text = ReadFile(file).value_or("");
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with("oom_kill ")) {
      return ParseInt(line.substr(9)).value_or(0);
    }
  }
  return 0;
}

StepWorld WorldOf(PipelineOrder order, const std::vector<std::string>& environment,
                  bool wants_result) {
  StepWorld world{.order = std::move(order),
                  .inherited = InheritedEnvironment(environment),
                  .own = {},
                  .wants_result = wants_result};
  for (const auto& [name, value] : SplitVariables(environment)) {
    if (name.starts_with("HONE_") || name.starts_with("KATIB_")) {
      world.own.emplace(name, value);
    }
  }
  return world;
}

/// What is left of the grace is for gathering and telling.
Duration GraceOf(const PipelineOrder& order) {
  return order.grace - std::min<Duration>(order.grace / 4, kMostReserve);
}

}  // namespace

Result<std::unique_ptr<Pipeline>> Pipeline::Create(PipelineOrder order,
                                                   const std::vector<std::string>& environment) {
  Problems problems;
  workflow::Workflow workflow = workflow::DecodeWorkflow(order.workflow, "runSpec", problems);
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Problem::Severity::kError) {
      return Fail(Code::kInvalidArgument, problem.message, problem.field);
    }
  }
  HONE_RETURN_IF_ERROR(MakeFolders(order.trial_folder / "pipeline" / "steps"));
  HONE_ASSIGN_OR_RETURN(std::string boot_id, BootId());
  const bool wants_result = order.workflow.find("outputs.result") != std::string::npos;
  workflow::Identity identity{
      .name = order.trial_name, .name_space = order.name_space, .uid = order.uid};
  return std::unique_ptr<Pipeline>(
      new Pipeline(std::move(workflow), WorldOf(std::move(order), environment, wants_result),
                   std::move(identity), std::move(boot_id)));
}

Pipeline::Pipeline(workflow::Workflow workflow, StepWorld world, workflow::Identity identity,
                   std::string boot_id)
    : workflow_(std::move(workflow)),
      world_(std::move(world)),
      run_(workflow_, std::move(identity)),
      shared_(world_.order.cache_folder),
      own_(world_.order.trial_folder / "pipeline" / "kept", std::move(boot_id)),
      free_gpus_(world_.order.gpus),
      started_at_(SystemClock().Now()),
      steady_start_(std::chrono::steady_clock::now()) {}

Timestamp Pipeline::Now() const {
  // A step's deadline does not move with the machine's clock.
  return started_at_ +
         std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - steady_start_);
}

int Pipeline::Run(int term_fd) {
  shared_.RemoveRests();
  StartSteps();
  while (!run_.IsOver() || !active_.empty()) {
    // Here alone, since a step that ends and those it makes ready are one change, and to replace a
    // file makes the file system write it out.
    if (status_is_old_) {
      WriteStatus();
    }
    Wait(term_fd);
    LookAtSteps();
    LookAtTimes();
    StartSteps();
  }
  if (stopping_ || run_.phase() != workflow::Phase::kSucceeded) {
    end_.message = run_.Message();
    end_.kind = end_.kind == EndingKind::kSucceeded ? EndingKind::kFailedToStart : end_.kind;
    Say(Printable(end_.message, 2000));
  } else {
    end_ = {};
    std::error_code error;  // nobody goes on from here; what stays goes with the experiment
    std::filesystem::remove_all(world_.order.trial_folder / "pipeline", error);
  }
  WriteStatus();
  return run_.phase() == workflow::Phase::kSucceeded ? 0 : kExitFailed;
}

void Pipeline::StartSteps() {
  // What is reused ends at once, and may make others ready.
  for (bool again = true; again && !stopping_;) {
    const std::size_t busy = active_.size() + waiting_.size();
    const std::size_t room = world_.order.width - std::min<std::size_t>(world_.order.width, busy);
    std::vector<workflow::ReadyStep> ready = run_.Advance(Now(), room);
    again = !ready.empty();
    std::deque<workflow::ReadyStep> all;
    std::swap(all, waiting_);
    all.insert(all.end(), std::make_move_iterator(ready.begin()),
               std::make_move_iterator(ready.end()));
    for (workflow::ReadyStep& step : all) {
      StartStep(std::move(step));
    }
  }
}

std::vector<std::string> Pipeline::TakeGpus(const workflow::ReadyStep& ready, std::uint32_t count) {
  std::vector<std::string> taken;
  if (count > free_gpus_.size()) {
    waiting_.push_back(ready);
    return taken;
  }
  taken.assign(free_gpus_.begin(), free_gpus_.begin() + count);
  free_gpus_.erase(free_gpus_.begin(), free_gpus_.begin() + count);
  return taken;
}

void Pipeline::StartStep(workflow::ReadyStep ready) {
  const std::string id = ready.id;
  const auto fail = [&](const Error& error) {
    workflow::StepEnd end{.never_ran = true, .message = error.Text()};
    Tell(id, std::move(end), {.kind = EndingKind::kFailedToStart, .message = error.Text()});
  };
  auto plan = PlanStep(world_, run_, std::move(ready));
  if (!plan.has_value()) {
    return fail(plan.error());
  }
  if (Reuse(*plan)) {
    return;
  }
  const std::uint32_t gpus = plan->texts.job.demand.gpus;
  plan->gpus = TakeGpus(plan->ready, gpus);
  if (plan->gpus.size() < gpus) {
    return;
  }
  const std::vector<std::string> taken = plan->gpus;
  Active active;
  active.deadline = plan->ready.deadline;
  active.started_at = Now();
  active.oom_kills = OomKills(world_.order.oom_counter);
  auto step = Step::Start(world_, std::move(*plan));
  if (!step.has_value()) {
    free_gpus_.insert(free_gpus_.end(), taken.begin(), taken.end());
    return fail(step.error());
  }
  active.step = std::move(*step);
  active_.push_back(std::move(active));
  status_is_old_ = true;
}

bool Pipeline::Reuse(StepPlan& plan) {
  auto hit = (plan.shared ? shared_ : own_).Find(plan.key, true);
  if (!hit) {
    return false;
  }
  if (plan.primary) {
    if (const Status printed = Replay(hit->folder / kKeptLog, STDOUT_FILENO);
        !printed.has_value()) {
      return false;  // it is run, then
    }
  }
  std::error_code error;  // for people; a full disk loses it
  std::filesystem::copy_file(hit->folder / kKeptLog, world_.LogOf(plan.ready.id),
                             std::filesystem::copy_options::overwrite_existing, error);
  workflow::StepEnd end{
      .succeeded = true, .outputs = hit->step.outputs, .result = hit->step.result, .reused = true};
  used_.push_back(std::move(*hit));
  Tell(plan.ready.id, std::move(end), {});
  return true;
}

int Pipeline::WaitMillis() const {
  std::optional<Timestamp> next = run_.NextTime();
  for (const Active& active : active_) {
    for (const auto& time : {active.kill_at ? active.kill_at : active.deadline}) {
      next = time && (!next || *time < *next) ? time : next;
    }
  }
  if (!next) {
    return kLongestWaitMillis;
  }
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(*next - Now()).count() + 1;
  return static_cast<int>(std::clamp<long long>(millis, 0, kLongestWaitMillis));
}

void Pipeline::Wait(int term_fd) {
  std::vector<pollfd> fds = {{.fd = term_fd, .events = POLLIN, .revents = 0}};
  for (Active& active : active_) {
    const StepOutput& output = active.step->output();
    for (const int fd :
         {active.step->child().pidfd.get(), output.read_out(), output.read_error()}) {
      fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    }
  }
  ::poll(fds.data(), fds.size(), WaitMillis());
  signalfd_siginfo info = {};
  if (fds[0].revents != 0 && ::read(term_fd, &info, sizeof(info)) == sizeof(info)) {
    StopAll();
  }
}

void Pipeline::LookAtSteps() {
  for (std::size_t i = 0; i < active_.size();) {
    active_[i].step->output().Pump();
    if (!active_[i].step->HasEnded()) {
      ++i;
      continue;
    }
    const auto status = WaitFor(active_[i].step->child(), Duration::zero());
    Active ended = std::move(active_[i]);
    active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
    EndStep(ended, status.value_or(ExitStatus{.exit_code = 0, .signal = SIGKILL}));
  }
}

void Pipeline::EndStep(Active& active, const ExitStatus& status) {
  Step& step = *active.step;
  PipelineEnd how;
  const bool oom = OomKills(world_.order.oom_counter) > active.oom_kills;
  workflow::StepEnd end = step.Collect(status, oom, how);
  if (active.timed_out) {
    end.succeeded = false;
    end.message = "ran longer than its activeDeadlineSeconds; " + end.message;
    how = {.kind = EndingKind::kTimeout, .message = end.message};
  }
  if (end.succeeded) {
    KeepStep(active, end);
    if (!end.succeeded) {
      how = {.kind = EndingKind::kFailedToStart, .message = end.message};
    }
  }
  step.CleanUp();
  const auto& gpus = step.plan().gpus;
  free_gpus_.insert(free_gpus_.end(), gpus.begin(), gpus.end());
  Tell(step.plan().ready.id, std::move(end), std::move(how));
}

void Pipeline::KeepStep(Active& active, workflow::StepEnd& end) {
  Step& step = *active.step;
  const double seconds = std::chrono::duration<double>(Now() - active.started_at).count();
  const bool shared = step.plan().shared && step.CanBeRepeated();
  const StepStore& store = shared ? shared_ : own_;
  Status kept = step.Keep(store, end, seconds, SystemClock().Now());
  const bool elsewhere = !kept.has_value() && shared;
  if (elsewhere) {  // the trial can go on without the cache
    Say("step " + step.plan().ready.id + " is not in the cache: " + kept.error().Text());
    kept = step.Keep(own_, end, seconds, SystemClock().Now());
  }
  auto hit = (elsewhere ? own_ : store).Find(step.plan().key, false);
  if (!kept.has_value() || !hit) {
    end.succeeded = false;
    end.never_ran = true;
    end.message = "what it left could not be kept" +
                  (kept.has_value() ? std::string() : ": " + kept.error().Text());
    return;
  }
  end.outputs = hit->step.outputs;  // the files have been moved
  used_.push_back(std::move(*hit));
}

void Pipeline::LookAtTimes() {
  const Timestamp now = Now();
  for (Active& active : active_) {
    if (active.kill_at && *active.kill_at <= now) {
      active.step->Signal(SIGKILL);
      active.kill_at = now + std::chrono::hours(1);
    } else if (!active.kill_at && active.deadline && *active.deadline <= now) {
      active.timed_out = true;
      AskToEnd(active);
    }
  }
}

void Pipeline::AskToEnd(Active& active) {
  if (!active.kill_at) {
    active.step->Signal(SIGTERM);
    active.step->Signal(SIGCONT);  // a stopped process would not see TERM
    active.kill_at = Now() + GraceOf(world_.order);
  }
}

void Pipeline::StopAll() {
  if (stopping_) {
    return;
  }
  stopping_ = true;
  run_.Stop("still ran when the pipeline was told to end", Now());
  end_ = {.kind = EndingKind::kStopped, .message = run_.Message()};
  for (Active& active : active_) {
    AskToEnd(active);
  }
  status_is_old_ = true;
}

void Pipeline::Tell(const std::string& id, workflow::StepEnd end, PipelineEnd how) {
  if (!end.succeeded && !stopping_) {
    end_ = std::move(how);
  }
  run_.Finish(id, std::move(end), Now());
  status_is_old_ = true;
}

void Pipeline::WriteStatus() {
  status_is_old_ = false;
  const std::string text =
      EncodeStatus(StatusOf(run_, started_at_, run_.IsOver() ? Now() : Timestamp{}), end_);
  const std::filesystem::path file = world_.order.attempt_folder / kPipelineStatus;
  // Without it the trial's failure names no step; nothing else depends on it.
  if (const Status written = run_.IsOver() ? WriteFileDurably(file, text) : WriteFile(file, text);
      !written.has_value()) {
    Say("the status is not written: " + written.error().Text());
  }
}

Status RemoveContainers(const PipelineOrder& order, int seconds) {
  const std::string list = ReadFile(order.attempt_folder / "containers").value_or("");
  std::vector<std::string> command = {order.podman, "rm", "--force", "--ignore",
                                      "--time=" + std::to_string(seconds)};
  const std::size_t without = command.size();
  for (const std::string_view name : Split(list, '\n')) {
    if (!name.empty()) {
      command.emplace_back(name);
    }
  }
  if (command.size() == without) {
    return {};
  }
  const auto removed = RunAndRead(command, kRemovalSlack + std::chrono::seconds(seconds));
  return removed.has_value() ? Status() : tl::make_unexpected(removed.error());
}

}  // namespace hone::local
