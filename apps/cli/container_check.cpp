// SPDX-License-Identifier: Apache-2.0
// Whether this machine can start containers.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "apps/cli/machine_checks.h"
#include "base/process.h"
#include "base/text.h"
#include "trial-runner/local/local_runner.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;
using Verdict = Check::Verdict;

constexpr std::chrono::seconds kWithin{20};

/// A folder that goes with it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path(error_) / "hone-doctor-XXXXXX").string();
    if (!error_ && ::mkdtemp(name.data()) != nullptr) {
      path_ = name;
    }
  }
  ~ScratchFolder() {
    if (!path_.empty()) {
      fs::remove_all(path_, error_);
    }
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  std::error_code error_;
  fs::path path_;
};

/// hone-shim needs no library, so that it is a whole image by itself; without arguments it says how
/// it is used.
Status TryContainer() {
  std::error_code error;
  const fs::path shim = fs::read_symlink("/proc/self/exe", error).parent_path() / "hone-shim";
  const ScratchFolder root;
  if (error || root.path().empty() || !fs::copy_file(shim, root.path() / "hone-shim", error)) {
    return Fail(Code::kUnavailable, "no image to try could be made");
  }
  std::vector<std::string> command = ContainerTrialCommand();
  for (const std::string& argument :
       {std::string("--rootfs"), root.path().string(), std::string("/hone-shim")}) {
    command.push_back(argument);
  }
  const auto ran = RunAndRead(command, kWithin);
  // Its usage on stderr is what the error tells.
  if (!ran.has_value() &&
      ran.error().Text().find("hone-shim ATTEMPT_FOLDER") != std::string::npos) {
    return {};
  }
  return ran.has_value() ? Fail(Code::kUnknown, "the container did not do what it should")
                         : Status(tl::make_unexpected(ran.error()));
}

}  // namespace

Check CheckContainers() {
  const auto version = RunAndRead({"podman", "--version"}, kWithin);
  if (!version.has_value() && version.error().code == Code::kNotFound) {
    return {"containers", Verdict::kOk,
            "no podman, so that runner Container is not available (Debian, Ubuntu: apt-get install "
            "podman)"};
  }
  if (!version.has_value()) {
    return {"containers", Verdict::kWarn, Printable(version.error().Text(), 300)};
  }
  const std::string text(Printable(Trim(*version), 60));
  if (const Status tried = TryContainer(); !tried.has_value()) {
    return {"containers", Verdict::kWarn,
            text + " cannot start a container: " + Printable(tried.error().Text(), 300)};
  }
  return {"containers", Verdict::kOk, text + ", which starts containers"};
}

}  // namespace hone::cli
