// SPDX-License-Identifier: Apache-2.0
// What hone needs of the machine itself.
#include "apps/cli/machine_checks.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "apps/cli/format.h"
#include "apps/cli/slot_options.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;
using Verdict = Check::Verdict;

constexpr std::uintmax_t kMiB = std::uintmax_t{1} << 20;
constexpr std::uintmax_t kScarceRoom = 1024 * kMiB;
constexpr std::uintmax_t kNoRoom = 64 * kMiB;
constexpr rlim_t kFewFiles = 1024;  // a trial takes about three while it runs
constexpr rlim_t kTooFewFiles = 128;
constexpr rlim_t kFewProcesses = 512;
constexpr Duration kFlushFor = std::chrono::milliseconds(500);
constexpr int kMostFlushes = 200;
constexpr double kSlowFlushes = 20;  // a second; a commit needs one

/// File systems on which neither locks nor SQLite's log can be relied on (linux/magic.h,
/// statfs(2)).
struct RemoteKind {
  std::uint32_t magic;
  const char* name;
};
constexpr std::array<RemoteKind, 5> kRemote = {{{0x6969, "NFS"},
                                                {0x517B, "SMB"},
                                                {0xFF534D42, "CIFS"},
                                                {0xFE534D42, "SMB2"},
                                                {0x0BD00BD0, "Lustre"}}};

/// The data folder, or the nearest folder around it that exists.
fs::path Existing(const fs::path& folder) {
  std::error_code ignored;
  fs::path at = folder;
  while (!fs::exists(at, ignored) && at.has_relative_path()) {
    at = at.parent_path();
  }
  return at;
}

std::string Reason() {
  return std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): one thread
}

std::string LimitText(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit);
}

Check CheckLimit(const char* name, __rlimit_resource_t resource, rlim_t few, rlim_t too_few) {
  rlimit limit = {};
  if (::getrlimit(resource, &limit) != 0) {
    return {name, Verdict::kWarn, "the limit cannot be read: " + Reason()};
  }
  const std::string text = LimitText(limit.rlim_cur) + " allowed";
  const std::string advice = text + "; raise it with ulimit before many trials run at once";
  if (limit.rlim_cur < too_few) {
    return {name, Verdict::kFail, advice};
  }
  return {name, limit.rlim_cur < few ? Verdict::kWarn : Verdict::kOk,
          limit.rlim_cur < few ? advice : text};
}

/// A file without a name: nobody sees it, and it is gone when it is closed.
UniqueFd ScratchFile(const fs::path& folder) {
  return UniqueFd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

}  // namespace

Check CheckProcessor() {
  const std::string cores =
      Counted(std::thread::hardware_concurrency(), "processor") + "; built for ";
  // A processor of a lower level has been told at start (cpu_check.cpp).
  return {"processor", Verdict::kOk,
          cores + (*HONE_CPU_LEVEL == '\0' ? "any of its kind" : HONE_CPU_LEVEL) +
              ", which this one is"};
}

Check CheckGpus(const Config& config) {
  const std::uint32_t gpus = LocalCapacity(SlotOptions(config)).gpus;
  std::error_code ignored;
  const bool driver =
      fs::exists("/proc/driver/nvidia/version", ignored) || fs::exists("/dev/nvidiactl", ignored);
  if (gpus > 0) {
    return {"gpus", driver ? Verdict::kOk : Verdict::kWarn,
            Counted(gpus, "GPU slot") + (driver ? "" : ", but no NVIDIA driver is loaded")};
  }
  if (driver) {
    return {"gpus", Verdict::kWarn,
            "NVIDIA's driver is loaded but offers no GPU: see nvidia-smi and CUDA_VISIBLE_DEVICES"};
  }
  return {"gpus", Verdict::kOk, "none (no NVIDIA driver); trials run on processors"};
}

Check CheckDisk(const Config& config) {
  const fs::path folder = Existing(config.data_dir);
  const std::string where =
      folder == config.data_dir
          ? folder.string()
          : config.data_dir.string() + " (to be made in " + folder.string() + ")";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return {"data folder", Verdict::kFail,
            where + " cannot be written: " + Reason() + "; use another one with --data-dir"};
  }
  struct statfs system = {};
  if (::statfs(folder.c_str(), &system) != 0) {
    return {"data folder", Verdict::kFail, where + " cannot be looked at: " + Reason()};
  }
  for (const RemoteKind& kind : kRemote) {
    if (static_cast<std::uint32_t>(system.f_type) == kind.magic) {
      return {"data folder", Verdict::kFail,
              where + " is on " + kind.name + "; it must be on a local disk"};
    }
  }
  const std::uintmax_t room =
      static_cast<std::uintmax_t>(system.f_bavail) * static_cast<std::uintmax_t>(system.f_bsize);
  const std::string text = where + ": " + std::to_string(room / kMiB) + " MiB free";
  const Verdict verdict = room < kNoRoom       ? Verdict::kFail
                          : room < kScarceRoom ? Verdict::kWarn
                                               : Verdict::kOk;
  return {"data folder", verdict, verdict == Verdict::kOk ? text : text + "; make room"};
}

Check CheckFlush(const Config& config) {
  const UniqueFd file = ScratchFile(Existing(config.data_dir));
  if (!file.valid()) {
    return {"disk flush", Verdict::kWarn, "not measured: no file can be made there: " + Reason()};
  }
  const std::array<char, 4096> block = {};
  const auto begin = std::chrono::steady_clock::now();
  int flushes = 0;
  while (flushes < kMostFlushes && std::chrono::steady_clock::now() - begin < kFlushFor) {
    if (::pwrite(file.get(), block.data(), block.size(), flushes * 4096L) < 0 ||
        ::fdatasync(file.get()) != 0) {
      return {"disk flush", Verdict::kFail, "the disk refuses to keep data: " + Reason()};
    }
    ++flushes;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double rate = flushes / std::max(took.count(), 1e-6);
  const std::string text = std::to_string(static_cast<long>(rate)) + " a second";
  if (rate < kSlowFlushes) {
    return {"disk flush", Verdict::kWarn,
            text + "; each commit of the ledger waits for one, so a faster disk helps"};
  }
  return {"disk flush", Verdict::kOk, text};
}

Check CheckOpenFiles() {
  return CheckLimit("open files", RLIMIT_NOFILE, kFewFiles, kTooFewFiles);
}

Check CheckProcesses() {
  return CheckLimit("processes", RLIMIT_NPROC, kFewProcesses, 0);
}

Check CheckPython() {
  const auto version = RunAndRead({"python3", "--version"}, std::chrono::seconds(5));
  if (!version.has_value()) {
    return {"python3", Verdict::kWarn,
            "not usable (" + Printable(version.error().Text(), 200) +
                "); trials in Python and 'hone init' of Python scripts need it"};
  }
  return {"python3", Verdict::kOk, Printable(Trim(*version), 60)};
}

Check CheckShim() {
  std::error_code error;
  const fs::path shim = fs::read_symlink("/proc/self/exe", error).parent_path() / "hone-shim";
  if (error || ::access(shim.c_str(), X_OK) != 0) {
    return {"hone-shim", Verdict::kFail,
            shim.string() +
                " is missing, and no trial can start without it; install both programs "
                "in one folder"};
  }
  return {"hone-shim", Verdict::kOk, shim.string()};
}

}  // namespace hone::cli
