// SPDX-License-Identifier: Apache-2.0
#include "tests/support/podman_here.h"

#include <cstdio>
#include <cstdlib>

#include "base/check.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "tests/paths.h"
#include "trial-runner/local/podman.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void Must(const Status& status) {
  HONE_CHECK(status.has_value(), status.has_value() ? "" : status.error().message);
}

/// RunAndRead with an environment of its own.
Result<std::string> Run(const std::vector<std::string>& environment,
                        std::vector<std::string> command) {
  std::vector<std::string> argv = {"env"};
  argv.insert(argv.end(), environment.begin(), environment.end());
  argv.insert(argv.end(), std::make_move_iterator(command.begin()),
              std::make_move_iterator(command.end()));
  return RunAndRead(argv, 60s);
}

}  // namespace

PodmanHere* PodmanHere::Shared() {
  static const std::unique_ptr<PodmanHere> podman = [] {
    std::unique_ptr<PodmanHere> made(new PodmanHere());
    return made->Init() ? std::move(made) : nullptr;
  }();
  return podman.get();
}

bool PodmanHere::Try(const std::string& runtime) {
  const std::string choice = runtime.empty() ? "" : "runtime = \"" + runtime + "\"\n";
  Must(WriteFile(folder_ / "containers.conf", "[engine]\nevents_logger = \"none\"\n" + choice));
  std::vector<std::string> command = local::TrialCommand("podman");
  command.insert(command.end(), {kImage, "true"});
  const auto ran = Run(environment_, std::move(command));
  if (!ran.has_value()) {
    std::fprintf(stderr, "podman%s%s: %s\n", runtime.empty() ? "" : " with ", runtime.c_str(),
                 ran.error().Text().c_str());
  }
  return ran.has_value();
}

bool PodmanHere::Init() {
  if (!Run({kPath}, {"podman", "--version"}).has_value()) {
    std::fputs("SKIPPED: no podman here (tools/setup.sh --test)\n", stderr);
    return false;
  }
  std::string name = (fs::temp_directory_path() / "hone-podman-XXXXXX").string();
  HONE_CHECK(::mkdtemp(name.data()) != nullptr, "a temporary folder is needed");
  folder_ = name;
  environment_ = {kPath, "HOME=" + name, "CONTAINERS_CONF=" + name + "/containers.conf",
                  "CONTAINERS_STORAGE_CONF=" + name + "/storage.conf"};
  Must(WriteFile(folder_ / "containers.conf", ""));
  Must(WriteFile(folder_ / "storage.conf", "[storage]\ndriver = \"overlay\"\ngraphroot = \"" +
                                               name + "/storage\"\nrunroot = \"" + name +
                                               "/run\"\n"));
  const auto made =
      Run(environment_, {(SourceFolder() / "tests/support/test_image.sh").string(), kImage});
  if (!made.has_value()) {
    std::fprintf(stderr, "SKIPPED: no image for podman: %s\n", made.error().Text().c_str());
    return false;
  }
  // crun, the default, does not start where cgroups of both versions are mounted; runc does.
  if (Try("") || Try("runc")) {
    return true;
  }
  std::fputs("SKIPPED: podman starts no container here\n", stderr);
  return false;
}

std::vector<std::string> PodmanHere::List(const std::string& which) const {
  const auto names = Run(environment_, {"podman", "ps", which, "--format", "{{.Names}}"});
  HONE_CHECK(names.has_value(), names.has_value() ? "" : names.error().message);
  std::vector<std::string> containers;
  for (const std::string_view line : Split(*names, '\n')) {
    if (!Trim(line).empty()) {
      containers.emplace_back(Trim(line));
    }
  }
  return containers;
}

PodmanHere::~PodmanHere() {
  if (!folder_.empty()) {
    // What a failed test left; and the storage is mounted by podman itself.
    static_cast<void>(Run(environment_, {"podman", "rm", "--all", "--force", "--time=0"}));
    static_cast<void>(Run({kPath}, {"umount", "-l", (folder_ / "storage/overlay").string()}));
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
}

}  // namespace hone::test
