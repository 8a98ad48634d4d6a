// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/pipeline/step.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <system_error>
#include <utility>

#include "base/file_tree.h"
#include "base/text.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/pipeline_texts.h"
#include "trial-runner/local/podman.h"
#include "trial-runner/local/verdict.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
namespace files = attempt_files;

constexpr std::uint64_t kMostParameter = 256U << 10U;         // as Argo's
constexpr std::uint64_t kMostLog = std::uint64_t{16} << 20U;  // of a step that can be repeated
constexpr std::chrono::seconds kPodmanWithin{60};
constexpr std::string_view kMarks[] = {"HONE_TRIAL_DIR", "HONE_ATTEMPT"};  // to find its processes

fs::path BaseName(const std::string& path) {
  const fs::path normal = fs::path(path).lexically_normal();
  return normal.has_filename() ? normal.filename() : normal.parent_path().filename();
}

Status Rename(const fs::path& from, const fs::path& to) {
  return ::rename(from.c_str(), to.c_str()) == 0
             ? Status()
             : tl::make_unexpected(ErrnoError(errno, "move " + from.string()));
}

bool IsThere(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

std::vector<std::string> Entries(const Variables& variables) {
  std::vector<std::string> entries;
  for (const auto& [name, value] : variables) {
    entries.push_back(std::string(name).append("=").append(value));
  }
  return entries;
}

/// The longest first, so that a path within another has its own place.
void ReplaceAll(std::string& text, const std::map<std::string, std::string>& paths) {
  std::vector<std::pair<std::string, std::string>> sorted(paths.begin(), paths.end());
  std::ranges::sort(sorted, std::greater<>(), [](const auto& pair) { return pair.first.size(); });
  for (const auto& [from, to] : sorted) {
    ReplacePath(text, from, to);
  }
}

Status AppendLine(const fs::path& file, const std::string& line) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const std::string text = line + "\n";
  if (!fd.valid() ||
      ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return tl::make_unexpected(ErrnoError(errno, "write " + file.string()));
  }
  return {};
}

Variables KeyedVariables(const StepWorld& world) {
  Variables variables = world.inherited;
  const std::string trial = world.order.trial_folder.string();
  std::erase_if(variables, [&trial](const auto& variable) {
    return variable.second.find(trial) != std::string::npos;  // where a collector's helpers lie
  });
  return variables;
}

std::string OwnPart(const StepWorld& world, const workflow::ReadyStep& ready) {
  const auto budget = world.own.find("HONE_BUDGET");
  return ready.id + "\n" + (budget == world.own.end() ? "" : budget->second);
}

}  // namespace

fs::path StepWorld::LogOf(const std::string& id) const {
  return order.attempt_folder /
         (std::string(files::kReplicaLogStart) + FileNameOf(id) + files::kReplicaLogEnd);
}

std::string ImageId(const std::string& podman, const std::string& image) {
  const auto id =
      RunAndRead({podman, "image", "inspect", "--format", "{{.Id}}", image}, kPodmanWithin);
  return id.has_value() ? std::string(Trim(*id)) : "";
}

Result<StepPlan> PlanStep(const StepWorld& world, const workflow::Run& run,
                          workflow::ReadyStep ready) {
  const PipelineOrder& order = world.order;
  const workflow::Template& what = *ready.what;
  StepPlan plan;
  HONE_ASSIGN_OR_RETURN(
      plan.texts, FillTexts(run, ready, order.containers ? Place::kContainer : Place::kProcess));
  plan.primary = IsPrimary(what, order.primary_labels);
  plan.shared = what.cached && !NamesOwnVariable(what) && (!plan.primary || order.primary_cached);
  StepSurroundings surroundings;
  const std::string& folder = plan.texts.job.working_folder;
  surroundings.folder = folder.empty() ? order.working_folder : fs::path(folder);
  if (order.containers) {
    const std::string& image = plan.texts.job.image.name;
    const std::string id = ImageId(order.podman, image);
    plan.shared = plan.shared && !id.empty();
    surroundings.image_id = id.empty() ? image : id;
  } else {
    surroundings.inherited = KeyedVariables(world);
  }
  surroundings.own = plan.shared ? "" : OwnPart(world, ready);
  HONE_ASSIGN_OR_RETURN(plan.key, KeyOf(ready, plan.texts, surroundings));
  plan.ready = std::move(ready);
  return plan;
}

Result<std::unique_ptr<Step>> Step::Start(const StepWorld& world, StepPlan plan) {
  const fs::path folder = world.FolderOf(plan.ready.id);
  std::error_code error;
  fs::remove_all(folder, error);  // of an attempt that failed
  HONE_RETURN_IF_ERROR(MakeFolders(folder / "kept"));
  const std::uint64_t quota =
      world.order.log_quota == 0 ? kMostLog : std::min(world.order.log_quota, kMostLog);
  HONE_ASSIGN_OR_RETURN(StepOutput output,
                        StepOutput::Create({.log = world.LogOf(plan.ready.id),
                                            .quota = quota,
                                            .forward_fd = plan.primary ? STDOUT_FILENO : -1,
                                            .with_result = world.wants_result}));
  std::unique_ptr<Step> step(new Step(world, std::move(plan), std::move(output)));
  HONE_RETURN_IF_ERROR(step->MakeInputs());
  HONE_ASSIGN_OR_RETURN(ProcessSpec spec,
                        world.order.containers ? step->ContainerOf() : step->ProcessOf());
  spec.stdout_fd = step->output_.out_fd();
  spec.stderr_fd = step->output_.error_fd();
  HONE_ASSIGN_OR_RETURN(step->child_, Spawn(spec));
  step->output_.CloseInputs();
  return step;
}

Status Step::PlaceInput(const workflow::Artifact& input) {
  const auto given = plan_.ready.inputs.artifacts.find(input.name);
  if (given == plan_.ready.inputs.artifacts.end()) {
    return {};  // it is optional
  }
  const workflow::Content& content = given->second;
  const fs::path place = Folder() / "in" / input.name;
  const fs::path own = place / BaseName(input.path);
  paths_[input.path] = own.string();
  if (content.path.empty()) {
    HONE_RETURN_IF_ERROR(MakeFolders(place));
    return WriteFile(own, content.raw);
  }
  HONE_RETURN_IF_ERROR(MakeFolders(place.parent_path()));
  if (const Status copied = CopyTreeUnsynced(content.path, place, content.digest);
      !copied.has_value()) {
    return Annotate(copied.error(), "artifact '" + input.name + "' of an earlier step");
  }
  return Rename(place / kKeptContent, own);
}

Status Step::MakeInputs() {
  const workflow::Template& what = *plan_.ready.what;
  for (const workflow::Artifact& input : what.input_artifacts) {
    HONE_RETURN_IF_ERROR(PlaceInput(input));
  }
  const auto place = [this](const std::string& group, const std::string& name,
                            const std::string& path) -> Status {
    const fs::path folder = Folder() / group / name;
    paths_[path] = (folder / BaseName(path)).string();
    return MakeFolders(folder);
  };
  for (const workflow::Artifact& output : what.output_artifacts) {
    HONE_RETURN_IF_ERROR(place("out", output.name, output.path));
  }
  for (const workflow::Output& output : what.outputs) {
    HONE_RETURN_IF_ERROR(place("parameters", output.name, output.path));
  }
  return what.kind == workflow::TemplateKind::kScript ? WriteScript() : Status();
}

Status Step::WriteScript() const {
  std::string source = plan_.texts.source;
  if (!world_.order.containers) {
    MovePaths(source);
  }
  return WriteFile(Folder() / "script", source);
}

void Step::MovePaths(std::string& text) const {
  ReplaceAll(text, paths_);
  for (const auto& [from, to] : world_.order.moved_paths) {
    ReplacePath(text, from, to);
  }
}

Variables Step::Visible() const {
  Variables visible;
  for (const auto& [name, value] : world_.own) {
    const bool mark = std::ranges::find(kMarks, name) != std::end(kMarks);
    if (mark || !plan_.shared) {
      visible.emplace(name, value);
    }
  }
  return visible;
}

Result<ProcessSpec> Step::ProcessOf() {
  LocalJob job = plan_.texts.job;
  Variables defined = Visible();
  for (auto& [name, value] : job.env) {
    MovePaths(value);
    defined.insert_or_assign(name, ExpandReferences(value, defined));
  }
  ProcessSpec spec;
  for (std::string& argument : job.command) {
    MovePaths(argument);
    spec.argv.push_back(ExpandReferences(argument, defined));
  }
  if (plan_.ready.what->kind == workflow::TemplateKind::kScript) {
    spec.argv.push_back((Folder() / "script").string());
  }
  Variables all = world_.inherited;
  all.try_emplace("PYTHONUNBUFFERED", "1");
  if (!world_.order.gpus.empty()) {
    all.insert_or_assign("CUDA_VISIBLE_DEVICES", Join(plan_.gpus, ","));
    all.insert_or_assign("NVIDIA_VISIBLE_DEVICES", Join(plan_.gpus, ","));
  }
  for (const auto& [name, value] : defined) {
    all.insert_or_assign(name, value);
  }
  spec.env = Entries(all);
  spec.working_folder =
      job.working_folder.empty() ? world_.order.working_folder.string() : job.working_folder;
  return spec;
}

Result<ProcessSpec> Step::ContainerOf() {
  const PipelineOrder& order = world_.order;
  StepContainer step{.podman = order.podman,
                     .name = "hone-" + order.trial_name + "-" + order.uid.substr(0, 8) + "-" +
                             std::to_string(plan_.ready.tries) + "-" + FileNameOf(plan_.ready.id),
                     .trial_name = order.trial_name,
                     .options = {.network = order.network, .pull = order.pull},
                     .job = plan_.texts.job,
                     .defined = Visible(),
                     .files = {},
                     .gpus = plan_.gpus};
  for (const auto& [name, value] : step.job.env) {
    step.defined.insert_or_assign(name, ExpandReferences(value, step.defined));
  }
  step.defined.try_emplace("PYTHONUNBUFFERED", "1");
  for (const workflow::Artifact& input : plan_.ready.what->input_artifacts) {
    if (const auto own = paths_.find(input.path);
        own != paths_.end() && plan_.ready.inputs.artifacts.contains(input.name)) {
      step.files.emplace_back(own->second, input.path);
    }
  }
  const std::string trial = world_.order.trial_folder.string() + "/";
  for (const auto& [name, value] : step.defined) {
    if (!plan_.shared && value.starts_with(trial) && IsThere(value)) {
      step.files.emplace_back(value, value);  // HONE_TRIAL_DIR and the like
    }
  }
  if (plan_.ready.what->kind == workflow::TemplateKind::kScript) {
    step.files.emplace_back(Folder() / "script", "/argo/staging/script");
    step.job.image.args.emplace_back("/argo/staging/script");
  }
  container_ = step.name;
  HONE_RETURN_IF_ERROR(AppendLine(world_.ContainerList(), container_));
  Variables podmans = world_.inherited;
  ProcessSpec spec;
  spec.argv = StepCommand(step, podmans);
  for (const std::string_view mark : kMarks) {  // on podman's own process, too
    if (const auto own = world_.own.find(mark); own != world_.own.end()) {
      podmans.insert_or_assign(own->first, own->second);
    }
  }
  spec.env = Entries(podmans);
  spec.working_folder = "/";
  RemoveContainer();  // of an attempt that was killed
  return spec;
}

void Step::Signal(int signal) const {
  if (::kill(-child_.pid, signal) != 0) {
    ::kill(child_.pid, signal);
  }
}

bool Step::HasEnded() const {
  pollfd ended = {.fd = child_.pidfd.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ended, 1, 0) <= 0) {
    return false;
  }
  ::kill(-child_.pid, SIGKILL);
  return true;
}

void Step::RemoveContainer() const {
  if (!container_.empty()) {
    // What cannot be removed now is by the shim, at the end.
    [[maybe_unused]] const auto removed = RunAndRead(
        {world_.order.podman, "rm", "--force", "--ignore", "--time=0", container_}, kPodmanWithin);
  }
}

workflow::StepEnd Step::Collect(const ExitStatus& status, bool oom_kill, PipelineEnd& end) {
  output_.Pump();
  output_.Finish();
  workflow::StepEnd step;
  step.exit_code = status.signal == 0 ? status.exit_code : 128 + status.signal;
  step.succeeded = status.signal == 0 && status.exit_code == 0;
  step.result = output_.Printed();
  if (step.succeeded) {
    if (const Status taken = TakeOutputs(step); !taken.has_value()) {
      step.succeeded = false;
      step.never_ran = true;
      step.message = taken.error().Text();
      end = {.kind = EndingKind::kFailedToStart, .message = step.message};
    }
    RemoveContainer();
    return step;
  }
  ExitRecord record;
  const bool killed = step.exit_code == 128 + SIGKILL;
  record.kind = killed && oom_kill   ? files::kKindOutOfMemory
                : status.signal != 0 ? files::kKindSignal
                                     : files::kKindExited;
  record.exit_code = status.exit_code;
  record.signal = status.signal;
  const std::string lines = LastLines(world_.LogOf(plan_.ready.id));
  Ending ending = Judge(record, std::nullopt, lines);
  if (!container_.empty()) {
    LaunchPlan as_container;
    as_container.cleanup = {container_};
    ending = JudgeContainer(as_container, std::move(ending), lines);
    step.never_ran = ending.kind == EndingKind::kFailedToStart;
  }
  RemoveContainer();
  step.message = ending.message;
  end = {.kind = ending.kind,
         .exit_code = ending.exit_code,
         .signal = ending.signal,
         .message = ending.message};
  return step;
}

Status Step::TakeOutput(const std::string& inside, const fs::path& to) const {
  if (container_.empty()) {
    return {};  // it wrote there
  }
  std::error_code error;
  fs::remove_all(to, error);
  const auto taken = RunAndRead({world_.order.podman, "cp", container_ + ":" + inside, to.string()},
                                kPodmanWithin);
  return taken.has_value() || !IsThere(to) ? Status() : tl::make_unexpected(taken.error());
}

Status Step::TakeParameter(const workflow::Output& output, workflow::StepEnd& end) {
  const fs::path file = paths_[output.path];
  HONE_RETURN_IF_ERROR(TakeOutput(output.path, file));
  auto text = ReadFile(file, kMostParameter);
  if (!text.has_value() && text.error().code == Code::kNotFound && output.fallback) {
    end.outputs.parameters[output.name] = *output.fallback;
    return {};
  }
  if (!text.has_value()) {
    return Fail(text.error().code, "output parameter '" + output.name + "': there is no file " +
                                       output.path + ": " + text.error().message);
  }
  if (text->ends_with('\n')) {
    text->pop_back();
  }
  end.outputs.parameters[output.name] = std::move(*text);
  return {};
}

Status Step::TakeArtifact(const workflow::Artifact& output, workflow::StepEnd& end) {
  const fs::path written = paths_[output.path];
  HONE_RETURN_IF_ERROR(TakeOutput(output.path, written));
  if (!IsThere(written)) {
    return output.optional ? Status()
                           : Fail(Code::kNotFound, "output artifact '" + output.name +
                                                       "': there is no " + output.path);
  }
  const fs::path kept = Kept() / kKeptArtifacts / output.name;
  HONE_RETURN_IF_ERROR(MakeFolders(kept));
  HONE_RETURN_IF_ERROR(Rename(written, kept / kKeptContent));
  HONE_ASSIGN_OR_RETURN(const auto digest, DigestOfTree(kept));
  end.outputs.artifacts[output.name] = {
      .path = kept.string(), .digest = digest.value_or(""), .raw = ""};
  return {};
}

Status Step::TakeOutputs(workflow::StepEnd& end) {
  for (const workflow::Output& output : plan_.ready.what->outputs) {
    HONE_RETURN_IF_ERROR(TakeParameter(output, end));
  }
  for (const workflow::Artifact& output : plan_.ready.what->output_artifacts) {
    HONE_RETURN_IF_ERROR(TakeArtifact(output, end));
  }
  return {};
}

Status Step::Keep(const StepStore& store, workflow::StepEnd& end, double seconds, Timestamp now) {
  std::error_code error;
  fs::copy_file(world_.LogOf(plan_.ready.id), Kept() / kKeptLog,
                fs::copy_options::overwrite_existing, error);
  if (error) {
    return tl::make_unexpected(ErrnoError(error.value(), "keep the log"));
  }
  return store.Put(Kept(), {.key = plan_.key,
                            .step = plan_.ready.id,
                            .experiment = world_.order.experiment,
                            .trial = world_.order.trial_name,
                            .made_at = now,
                            .seconds = seconds,
                            .outputs = end.outputs,
                            .result = end.result});
}

void Step::CleanUp() const {
  std::error_code error;  // what stays goes with the experiment
  for (const char* const part : {"in", "out", "parameters", "script"}) {
    fs::remove_all(Folder() / part, error);
  }
  fs::remove(Folder(), error);  // if nothing is kept there
}

}  // namespace hone::local
