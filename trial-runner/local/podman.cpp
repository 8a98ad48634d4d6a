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
#include <tuple>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "trial-runner/local/attempt_files.h"

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

constexpr char kNamespaceFile[] = "namespace";  // of an attempt's folder

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

// The emptyDirs of each replica are its own.
fs::path VolumeFolderOf(const fs::path& attempt, const std::string& part) {
  return part.empty() ? attempt : attempt / "volumes" / ("replica-" + part);
}

bool IsMetricsFolder(const LaunchSpec& spec) {
  return spec.metrics_folder || spec.collector.folder;
}

// Where the collector's file is on this machine: in a volume of the template, or in a folder of the
// attempt, which is mounted where the file shall be, as Katib mounts one.
void PlaceMetrics(const ContainerOrder& order, LaunchPlan& plan) {
  const LaunchSpec& spec = order.spec;
  const std::string& path = spec.metrics_file;
  if (path.empty() || !path.starts_with('/')) {
    return;
  }
  plan.metrics_from = path;
  const Mount* best = nullptr;
  for (const Mount& mount : order.job.image.mounts) {
    const bool deeper = best == nullptr || mount.target.size() > best->target.size();
    best = Below(path, mount.target) && deeper ? &mount : best;
  }
  if (best != nullptr && best->kind != Mount::Kind::kMemory) {
    plan.metrics_to =
        SourceOf(*best, order.VolumeFolder()) / Below(path, best->target).value_or("");
    return;
  }
  const fs::path file(path);
  const fs::path metrics = order.layout.Attempt({spec.id, spec.attempt}) / "metrics";
  plan.metrics_to = order.metrics;
  if (plan.metrics_to.empty()) {
    plan.metrics_to = (order.part.empty() ? metrics : metrics / order.part) / file.filename();
  }
  const bool folder = IsMetricsFolder(spec);
  const fs::path source = folder ? plan.metrics_to : plan.metrics_to.parent_path();
  plan.argv.push_back(Bind(source, folder ? file : file.parent_path(), false));
}

// Where Katib's Python package looks for the service and for the namespace unless it is told.
void AddKatibsPlaces(const ContainerOrder& order, std::vector<std::string>& argv) {
  if (!IsTold(order.spec.collector)) {
    return;
  }
  const fs::path attempt = order.layout.Attempt({order.spec.id, order.spec.attempt});
  argv.emplace_back("--add-host=katib-db-manager.kubeflow:127.0.0.1");
  argv.push_back(Bind(attempt / kNamespaceFile,
                      "/var/run/secrets/kubernetes.io/serviceaccount/namespace", true));
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
    argv.push_back("--entrypoint=" + DumpJson(command));
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

// One of several containers has a name of its own, and is made again when it is started again.
void BePart(const ContainerOrder& order, std::vector<std::string>& argv) {
  for (std::string& flag : argv) {
    if (flag.starts_with("--name=")) {
      flag = "--name=" + ContainerName(order.spec, order.part);
    } else if (order.own_network && flag.starts_with("--network=")) {
      flag = attempt_files::kOwnNetwork;
    }
  }
  argv.emplace_back("--replace");
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

fs::path ContainerOrder::VolumeFolder() const {
  const fs::path attempt = layout.Attempt({spec.id, spec.attempt});
  return VolumeFolderOf(attempt, part);
}

bool NeedsOwnNetwork(const LaunchSpec& spec, bool several) {
  return spec.container && spec.container->network == "none" &&
         (several || spec.collector.NeedsProcess());
}

std::string ContainerName(const LaunchSpec& spec, const std::string& part) {
  std::string name = "hone-" + spec.trial_name + "-" + spec.id.experiment.text.substr(0, 8) + "-" +
                     std::to_string(spec.id.number) + "-" + std::to_string(spec.attempt) +
                     (part.empty() ? "" : "-" + part);
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
  return MakeContainerPlan({.spec = spec,
                            .job = job,
                            .layout = layout,
                            .surroundings = surroundings,
                            .gpus = gpus,
                            .podman = podman,
                            .own_network = NeedsOwnNetwork(spec, false)});
}

LaunchPlan MakeContainerPlan(const ContainerOrder& order) {
  const auto& [spec, job, layout, surroundings, gpus] =
      std::tie(order.spec, order.job, order.layout, order.surroundings, order.gpus);
  Variables defined = DefinedVariables(spec, job, layout, order.part);
  defined.try_emplace("PYTHONUNBUFFERED", "1");
  if (!gpus.empty()) {
    defined.insert_or_assign("NVIDIA_VISIBLE_DEVICES", Join(gpus, ","));
  }
  Variables podmans = surroundings.environment;
  LaunchPlan plan;
  plan.argv = {order.podman.string(), kQuiet, "run"};
  AddContainer(spec, job, plan.argv);
  BePart(order, plan.argv);
  AddLimits(plan.argv);
  AddGpus(gpus, plan.argv);
  AddEnvironment(defined, podmans, plan.argv);
  AddOwnMounts(spec, layout, plan.argv);
  for (const Mount& mount : job.image.mounts) {
    plan.argv.push_back(MountFlag(mount, order.VolumeFolder()));
  }
  PlaceMetrics(order, plan);
  AddKatibsPlaces(order, plan.argv);
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
  plan.own_network = order.own_network;
  plan.cleanup = {order.podman.string(), "rm", "--force", "--ignore", "--time="};
  AlsoRemove(ContainerName(spec, order.part), plan);
  return plan;
}

void AlsoRemove(const std::string& name, LaunchPlan& plan) {
  plan.cleanup.push_back(name);
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
                        const LaunchPlan& plan, const std::string& part) {
  const fs::path attempt = layout.Attempt({spec.id, spec.attempt});
  const fs::path volumes = VolumeFolderOf(attempt, part);
  for (const Mount& mount : job.image.mounts) {
    HONE_RETURN_IF_ERROR(PrepareMount(mount, volumes));
  }
  std::vector<fs::path> open = {layout.Work(spec.id), layout.Checkpoint(spec.id),
                                layout.Artifacts(spec.id)};
  const fs::path metrics = attempt / "metrics";
  if (plan.metrics_to.string().starts_with(metrics.string())) {
    const fs::path own = part.empty() ? metrics : metrics / part;
    open.push_back(IsMetricsFolder(spec) ? own / plan.metrics_to.filename() : own);
  }
  if (IsTold(spec.collector)) {
    HONE_RETURN_IF_ERROR(WriteFile(attempt / kNamespaceFile, spec.name_space));
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
  const auto removal = Spawn({.argv = command, .env = plan.PrimaryEnv(), .working_folder = "/"});
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
