// SPDX-License-Identifier: Apache-2.0
// Local trials a second: the whole engine over SQLite with real processes, against a bare loop that
// does the same durable steps for each: a folder, the static shim, its child, fsync, rename. Prints
// one JSON object.
//
//   local_trials TRIALS [IN_FLIGHT] [FOLDER]
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "benchmarks/speed/measure.h"
#include "store/sqlite/sqlite_store.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/local_runner.h"

namespace hone::bench {
namespace {

constexpr const char* kTrial = R"(["/bin/sh", "-c", "echo acc=0.5"])";

void BareTrial(const std::filesystem::path& folder, const std::string& shim) {
  namespace files = attempt_files;
  std::filesystem::create_directories(folder);
  std::string launch;
  for (const std::string& text :
       {std::string(files::kLaunchMagic), std::string(files::kArgument) + "/bin/sh",
        std::string(files::kArgument) + "-c", std::string(files::kArgument) + "echo acc=0.5",
        std::string(files::kFolder) + folder.string(), std::string(files::kDeadline) + "0",
        std::string(files::kGrace) + "1000000", std::string(files::kLaunchEnd)}) {
    launch += text;
    launch += '\0';
  }
  if (!WriteFile(folder / files::kLaunch, launch).has_value()) {
    Die("the launch file cannot be written");
  }
  const auto child = Spawn({{shim, folder.string()}, {}, {}, -1, -1});
  if (!child.has_value() || !WaitFor(*child, std::chrono::seconds(30)).has_value() ||
      !std::filesystem::exists(folder / files::kExit)) {
    Die("the bare loop's shim did not work");
  }
}

double BareLoop(const std::filesystem::path& folder, const std::string& shim, int trials,
                int in_flight) {
  const auto start = std::chrono::steady_clock::now();
  std::atomic<int> next = 0;
  const auto work = [&] {
    for (int n = next++; n < trials; n = next++) {
      BareTrial(folder / std::to_string(n), shim);
    }
  };
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(in_flight));
  for (int i = 0; i < in_flight; ++i) {
    threads.emplace_back(work);
  }
  threads.clear();
  return trials / SecondsSince(start);
}

void Main(int trials, int in_flight, const std::filesystem::path& folder, const std::string& shim) {
  const double bare_before = BareLoop(folder / "bare1", shim, trials, in_flight);
  const SystemClock clock;
  LocalOptions options;
  options.work_folder = folder / "work";
  options.shim = shim;
  options.cpus = static_cast<std::uint32_t>(in_flight);
  auto runner = LocalRunner::Create(options, clock);
  auto store = SqliteStore::Create(folder / "hone.db", {});
  if (!runner.has_value() || !store.has_value()) {
    Die(runner.has_value() ? store.error().Text() : runner.error().Text());
  }
  double seconds = 0;
  const ExperimentId id =
      RunToEnd(**store, **runner, NoOpDocument(trials, in_flight, kTrial), seconds);
  const double bare_after = BareLoop(folder / "bare2", shim, trials, in_flight);
  const double bare = (bare_before + bare_after) / 2;
  const auto row = (*store)->FindExperiment("default", "throughput");
  nlohmann::json result = Usage();
  result["benchmark"] = "local_trials";
  result["trials"] = trials;
  result["in_flight"] = in_flight;
  result["succeeded"] = row.has_value() ? row->succeeded : 0;
  result["trials_per_second"] = trials / seconds;
  result["bare_loop_per_second"] = {bare_before, bare_after};
  result["ratio_to_bare_loop"] = trials / seconds / bare;
  std::printf("%s\n", DumpJson(result).c_str());
}

}  // namespace
}  // namespace hone::bench

int main(int argc, char** argv) {
  const int trials = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int in_flight = argc > 2 ? std::atoi(argv[2]) : 4;
  const hone::bench::Scratch scratch(argc > 3 ? argv[3] : nullptr);
  const auto here = std::filesystem::canonical("/proc/self/exe").parent_path();
  hone::bench::Main(trials, in_flight, scratch.path(), (here / "../bin/hone-shim").string());
}
