// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/podman.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kRemoveWithin{30};
constexpr std::chrono::seconds kAnswerWithin{20};
// Podman lowers its own limit to the kernel's pid_max of small machines, and cannot give more.
constexpr rlim_t kMostProcesses = 32768;
// Exit codes of podman itself: it failed; the command cannot be run; there is no such command.
constexpr int kNoCommand = 127;

// Variables that would change what podman does; the others reach the container through its
// environment, where the users of this machine do not see them.
constexpr std::string_view kPodmansOwn[] = {"PATH",  "HOME",      "TMPDIR",       "USER",
                                            "SHELL", "container", "NOTIFY_SOCKET"};
constexpr std::string_view kPodmansPrefixes[] = {"CONTAINER", "PODMAN_",  "XDG_",     "DBUS_",
                                                 "LD_",       "GO",       "STORAGE_", "REGISTRY_",
                                                 "SSL_",      "BUILDAH_", "_"};

// What podman notes of its own would stand between the lines of the trial; errors that end it are
// told all the same.
constexpr char kQuiet[] = "--log-level=fatal";

bool IsPodmansOwn(std::string_view name) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return std::ranges::find(kPodmansOwn, name) != std::end(kPodmansOwn) ||
         upper.ends_with("_PROXY") ||
         std::ranges::any_of(kPodmansPrefixes,
                             [name](std::string_view prefix) { return name.starts_with(prefix); });
}

// A field of podman's comma-separated values.
std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

std::string Bind(const fs::path& source, const fs::path& target, bool read_only) {
  return "--mount=type=bind," + CsvField("src=" + source.string()) + "," +
         CsvField("dst=" + target.string()) + (read_only ? ",readonly" : "");
}

std::string MountFlag(const Mount& mount, const fs::path& attempt) {
  if (mount.kind != Mount::Kind::kMemory) {
    return Bind(SourceOf(mount, attempt), mount.target, mount.read_only);
  }
  std::string flag = "--mount=type=tmpfs," + CsvField("dst=" + mount.target);
  if (mount.memory_limit > 0) {
    flag += ",tmpfs-size=" + std::to_string(mount.memory_limit);
  }
  return flag + (mount.read_only ? ",readonly" : "");
}

// The limits that a process of hone's would have.
void AddLimits(std::vector<std::string>& argv) {
  rlimit files = {};
  rlimit processes = {};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max != RLIM_INFINITY) {
    argv.push_back("--ulimit=nofile=" + std::to_string(files.rlim_cur) + ":" +
                   std::to_string(files.rlim_max));
  }
  if (::getrlimit(RLIMIT_NPROC, &processes) == 0) {
    const std::string most = std::to_string(std::min(processes.rlim_max, kMostProcesses));
    argv.push_back("--ulimit=nproc=" + most + ":" + most);
  }
}

bool HasDeviceSpecsIn(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().find("nvidia") != std::string::npos) {
      return true;
    }
  }
  return false;
}

bool HasDeviceSpecs() {
  return HasDeviceSpecsIn("/etc/cdi") || HasDeviceSpecsIn("/var/run/cdi");
}

// Through the driver's own description of its devices where there is one, else the plain device
// files. Slots that were declared without a driver have neither.
void AddGpus(const std::vector<std::string>& gpus, std::vector<std::string>& argv) {
  if (gpus.empty()) {
    return;
  }
  if (HasDeviceSpecs()) {
    for (const std::string& gpu : gpus) {
      argv.push_back("--device=nvidia.com/gpu=" + gpu);
    }
    return;
  }
  std::vector<std::string> files = {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"};
  for (const std::string& gpu : gpus) {
    files.push_back("/dev/nvidia" + gpu);
  }
  std::error_code error;
  for (const std::string& file : files) {
    if (fs::exists(file, error)) {
      argv.push_back("--device=" + file);
    }
  }
}

void AddEnvironment(const Variables& defined, Variables& podmans, std::vector<std::string>& argv) {
  for (const auto& [name, value] : defined) {
    if (IsPodmansOwn(name)) {
      argv.push_back(std::string("--env=").append(name).append("=").append(value));
    } else {
      argv.push_back("--env=" + name);
      podmans.insert_or_assign(name, value);
    }
  }
}

// hone's own files keep their paths, so that HONE_TRIAL_DIR and the like mean the same inside.
void AddOwnMounts(const LaunchSpec& spec, const Layout& layout, std::vector<std::string>& argv) {
  const std::string inside = layout.Trial(spec.id).string() + "/";
  const std::string parameters = layout.Parameters(spec.id).string();
  for (const auto& [name, value] : OwnVariables(spec, layout)) {
    if (value.starts_with(inside)) {
      argv.push_back(Bind(value, value, value == parameters));
    }
  }
  if (spec.checkpoint_path.starts_with('/')) {
    argv.push_back(Bind(layout.Checkpoint(spec.id), spec.checkpoint_path, false));
  }
}

// Whether a path lies in what is mounted at `target`. @returns its rest, "" for the target itself
std::optional<std::string> Below(const std::string& path, const std::string& target) {
  const fs::path rest =
      fs::path(path).lexically_normal().lexically_relative(fs::path(target).lexically_normal());
  if (rest.empty() || *rest.begin() == "..") {
    return std::nullopt;
  }
  return rest == "." ? "" : rest.string();
}

// Where the collector's file is on this machine: in a volume of the template, or in a folder of the
// attempt, which is mounted where the file shall be, as Katib mounts one.
void PlaceMetrics(const LaunchSpec& spec, const LocalJob& job, const fs::path& attempt,
                  LaunchPlan& plan) {
  const std::string& path = spec.metrics_file;
  if (path.empty() || !path.starts_with('/')) {
    return;
  }
  plan.metrics_from = path;
  const Mount* best = nullptr;
  for (const Mount& mount : job.image.mounts) {
    const bool deeper = best == nullptr || mount.target.size() > best->target.size();
    best = Below(path, mount.target) && deeper ? &mount : best;
  }
  if (best != nullptr && best->kind != Mount::Kind::kMemory) {
    plan.metrics_to = SourceOf(*best, attempt) / Below(path, best->target).value_or("");
    return;
  }
  const fs::path file(path);
  plan.metrics_to = attempt / "metrics" / file.filename();
  const fs::path source = spec.metrics_folder ? plan.metrics_to : plan.metrics_to.parent_path();
  plan.argv.push_back(Bind(source, spec.metrics_folder ? file : file.parent_path(), false));
}

std::string PullWord(const std::string& policy) {
  if (policy == "Always") {
    return "always";
  }
  return policy == "IfNotPresent" ? "missing" : "never";
}

void AddCommand(const LocalJob& job, const Variables& defined, std::vector<std::string>& argv) {
  if (!job.command.empty()) {
    nlohmann::json command = nlohmann::json::array();
    for (const std::string& argument : job.command) {
      command.push_back(ExpandReferences(argument, defined));
    }
    argv.push_back("--entrypoint=" +
                   command.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  argv.push_back(job.image.name);
  for (const std::string& argument : job.image.args) {
    argv.push_back(ExpandReferences(argument, defined));
  }
}

// Output comes through the descriptors that the shim gives, so that its quota and order hold.
void AddFixed(std::vector<std::string>& argv) {
  for (const char* const fixed : {"--rm", "--log-driver=passthrough", "--no-healthcheck",
                                  "--systemd=false", "--security-opt=label=disable"}) {
    argv.emplace_back(fixed);
  }
}

void AddContainer(const LaunchSpec& spec, const LocalJob& job, std::vector<std::string>& argv) {
  const ContainerOptions options = spec.container.value_or(ContainerOptions());
  const std::string& pull = options.pull.empty() ? job.image.pull : options.pull;
  AddFixed(argv);
  argv.push_back("--name=" + ContainerName(spec));
  argv.push_back("--label=hone.trial=" + spec.trial_name);
  argv.push_back("--pull=" + PullWord(pull));
  argv.push_back("--network=" + options.network);
  if (options.network == "none") {
    argv.emplace_back("--http-proxy=false");
  }
  if (job.image.cpu_limit > 0) {
    argv.push_back("--cpus=" + FormatDouble(job.image.cpu_limit));
  }
  if (job.image.memory_limit > 0) {
    argv.push_back("--memory=" + std::to_string(job.image.memory_limit) + "b");
  }
  if (!job.working_folder.empty()) {
    argv.push_back("--workdir=" + job.working_folder);
  }
}

std::string LastLine(const std::string& lines) {
  const std::size_t at = lines.rfind(" | ");
  return at == std::string::npos ? lines : lines.substr(at + 3);
}

}  // namespace

fs::path FindPodman(const Variables& environment) {
  const auto path = environment.find("PATH");
  if (path == environment.end()) {
    return {};
  }
  for (const std::string_view folder : Split(path->second, ':')) {
    const fs::path program = fs::path(folder) / "podman";
    if (folder.starts_with('/') && ::access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return {};
}

std::string ContainerName(const LaunchSpec& spec) {
  std::string name = "hone-" + spec.trial_name + "-" + spec.id.experiment.text.substr(0, 8) + "-" +
                     std::to_string(spec.id.number) + "-" + std::to_string(spec.attempt);
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
    c = plain ? c : '-';
  }
  return name;
}

std::vector<std::string> TrialCommand(const std::string& podman) {
  std::vector<std::string> argv = {podman, kQuiet, "run", "--network=none"};
  AddFixed(argv);
  AddLimits(argv);
  return argv;
}

LaunchPlan MakeContainerPlan(const LaunchSpec& spec, const LocalJob& job, const Layout& layout,
                             const Surroundings& surroundings, const std::vector<std::string>& gpus,
                             const fs::path& podman) {
  const fs::path attempt = layout.Attempt({spec.id, spec.attempt});
  Variables defined = DefinedVariables(spec, job, layout);
  defined.try_emplace("PYTHONUNBUFFERED", "1");
  if (!gpus.empty()) {
    defined.insert_or_assign("NVIDIA_VISIBLE_DEVICES", Join(gpus, ","));
  }
  Variables podmans = surroundings.environment;
  LaunchPlan plan;
  plan.argv = {podman.string(), kQuiet, "run"};
  AddContainer(spec, job, plan.argv);
  AddLimits(plan.argv);
  AddGpus(gpus, plan.argv);
  AddEnvironment(defined, podmans, plan.argv);
  AddOwnMounts(spec, layout, plan.argv);
  for (const Mount& mount : job.image.mounts) {
    plan.argv.push_back(MountFlag(mount, attempt));
  }
  PlaceMetrics(spec, job, attempt, plan);
  AddCommand(job, defined, plan.argv);
  for (const auto& [name, value] : podmans) {
    plan.env.push_back(std::string(name).append("=").append(value));
  }
  plan.folder = "/";
  plan.deadline = Earlier(spec.deadline, job.deadline);
  plan.grace = surroundings.grace;
  plan.log_quota = surroundings.log_quota;
  plan.oom_counter = "/proc/vmstat";  // of the machine: the container's own group goes with it
  plan.gpus = gpus;
  plan.cleanup = {podman.string(), "rm", "--force", "--ignore", "--time=", ContainerName(spec)};
  return plan;
}

std::vector<std::string> StepCommand(const StepContainer& step, Variables& podmans) {
  LaunchSpec spec;
  spec.trial_name = step.trial_name;
  spec.container = step.options;
  std::vector<std::string> argv = {step.podman, kQuiet, "run"};
  AddContainer(spec, step.job, argv);
  std::erase(argv, "--rm");
  for (std::string& flag : argv) {
    flag = flag.starts_with("--name=") ? "--name=" + step.name : flag;
  }
  AddLimits(argv);
  AddGpus(step.gpus, argv);
  AddEnvironment(step.defined, podmans, argv);
  for (const auto& [here, inside] : step.files) {
    argv.push_back(Bind(here, inside, false));
  }
  AddCommand(step.job, step.defined, argv);
  return argv;
}

Status PrepareContainer(const LaunchSpec& spec, const LocalJob& job, const Layout& layout,
                        const LaunchPlan& plan) {
  const fs::path attempt = layout.Attempt({spec.id, spec.attempt});
  for (const Mount& mount : job.image.mounts) {
    HONE_RETURN_IF_ERROR(PrepareMount(mount, attempt));
  }
  std::vector<fs::path> open = {layout.Work(spec.id), layout.Checkpoint(spec.id),
                                layout.Artifacts(spec.id)};
  if (plan.metrics_to.string().starts_with((attempt / "metrics").string())) {
    open.push_back(spec.metrics_folder ? plan.metrics_to : plan.metrics_to.parent_path());
  }
  for (const fs::path& folder : open) {
    HONE_RETURN_IF_ERROR(MakeFolders(folder));
    // Whoever the image runs as may write here.
    if (::chmod(folder.c_str(), 0777) != 0) {
      return tl::make_unexpected(ErrnoError(errno, "open " + folder.string() + " to the trial"));
    }
  }
  return {};
}

void RemoveContainer(const LaunchPlan& plan) {
  if (plan.cleanup.empty()) {
    return;
  }
  std::vector<std::string> command = plan.cleanup;
  std::ranges::replace(command, "--time=", "--time=0");  // the shim puts the grace there
  const auto removal = Spawn({.argv = command, .env = plan.env, .working_folder = "/"});
  if (removal.has_value() && !WaitFor(*removal, kRemoveWithin).has_value()) {
    ::kill(-removal->pid, SIGKILL);
    [[maybe_unused]] const auto over = WaitFor(*removal, kRemoveWithin);  // it is killed
    HONE_LOG(kWarn, "container_not_removed", {"container", plan.cleanup.back()});
  }
}

Ending JudgeContainer(const LaunchPlan& plan, Ending ending, const std::string& last_lines) {
  const std::string line = LastLine(last_lines);
  const bool podmans = ending.kind == EndingKind::kExitCode &&
                       ending.exit_code >= kLeastCodeOfPodman && ending.exit_code <= kNoCommand &&
                       line.starts_with("Error: ");
  if (plan.cleanup.empty() || !podmans) {
    return ending;
  }
  ending.kind = EndingKind::kFailedToStart;
  ending.message = "podman could not start the container: " + line.substr(7);
  constexpr std::string_view kUnknown = ": image not known";
  if (line.ends_with(kUnknown)) {
    const std::string image = line.substr(7, line.size() - 7 - kUnknown.size());
    ending.message = "the image " + image + " is not on this machine; get it with: podman pull " +
                     image + ", or say spec.runner.imagePullPolicy: IfNotPresent";
  }
  return ending;
}

void CheckImage(const ContainerOptions& options, const LocalJob& job, const std::string& field,
                Problems& problems) {
  const std::string& image = job.image.name;
  const std::string& pull = options.pull.empty() ? job.image.pull : options.pull;
  const bool known = !image.empty() && image.find("${") == std::string::npos;
  if (!known || PullWord(pull) != "never") {
    return;
  }
  const auto there = RunAndRead({"podman", "image", "exists", image}, kAnswerWithin);
  if (!there.has_value() && there.error().code == Code::kUnknown) {
    problems.CannotHere(field, "the image " + Printable(image, 200) +
                                   " is not on this machine; get it with: podman pull " +
                                   Printable(image, 200) +
                                   ", or say spec.runner.imagePullPolicy: IfNotPresent");
  }
}

}  // namespace hone::local
