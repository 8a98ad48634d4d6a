// SPDX-License-Identifier: Apache-2.0
#include "tests/trial-runner/local_bench.h"

#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "trial-runner/local/leftovers.h"
#include "trial-runner/local/plan.h"

namespace hone::testing {

namespace fs = std::filesystem;
using nlohmann::json;

std::string JobObject(const std::vector<std::string>& command) {
  const json container = {{"name", "main"}, {"image", "none"}, {"command", command}};
  const json pod = {{"containers", json::array({container})}, {"restartPolicy", "Never"}};
  return DumpJson(json(
      {{"apiVersion", "batch/v1"}, {"kind", "Job"}, {"spec", {{"template", {{"spec", pod}}}}}}));
}

std::string ScriptObject(const std::string& script) {
  return JobObject({"bash", "-c", script});
}

bool IsAlive(pid_t pid) {
  const auto stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  if (!stat.has_value()) {
    return false;
  }
  const std::size_t bracket = stat->rfind(')');
  return bracket != std::string::npos && stat->substr(bracket + 2, 1) != "Z";
}

std::vector<pid_t> ProcessesOf(const fs::path& trial_folder) {
  const std::string mark = "HONE_TRIAL_DIR=" + trial_folder.string();
  std::vector<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto pid = ParseInt(entry.path().filename().string());
    const auto environment = pid ? ReadFile(entry.path() / "environ") : Result<std::string>("");
    if (!environment.has_value()) {
      continue;
    }
    for (const std::string_view variable : Split(*environment, '\0')) {
      if (variable == mark) {
        pids.push_back(static_cast<pid_t>(*pid));
      }
    }
  }
  return pids;
}

bool Eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + kTestPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

LocalBench::LocalBench() : experiment(NewUid()) {
  options.work_folder = folder / "data";
  options.shim = test::ProgramFolder() / "hone-shim";
  options.default_folder = folder.path();
  options.cpus = 4;
  options.gpus = 0;
  options.grace = std::chrono::milliseconds(200);
}

// A failed test must leave nothing running either.
LocalBench::~LocalBench() {
  Die();
  const auto keys = local::Layout(folder / "data").List(experiment);
  if (!keys.has_value()) {
    return;
  }
  for (const local::AttemptKey& key : *keys) {
    if (!fs::exists(local::Layout(folder / "data").Attempt(key) / "exit")) {
      const auto marks = local::AttemptMarks(local::Layout(folder / "data"), key);
      local::KillByEnvironment(marks);
    }
  }
}

LocalRunner& LocalBench::Start() {
  Die();
  auto made = LocalRunner::Create(options, clock_);
  INFO((made.has_value() ? "" : made.error().Text()));
  REQUIRE(made.has_value());
  runner_ = std::move(*made);
  runner_->OnHint([this](const TrialId&) {
    const std::scoped_lock lock(mutex_);
    ++hints_;
    hinted_.notify_all();
  });
  return *runner_;
}

LaunchSpec LocalBench::Spec(TrialNumber number, std::string run_object) const {
  return SpecOf({experiment, number}, std::move(run_object));
}

Status LocalBench::Launch(LaunchSpec spec) {
  std::promise<Status> answer;
  runner_->Launch(std::move(spec), [&](Status status) { answer.set_value(std::move(status)); });
  auto told = answer.get_future();
  REQUIRE(told.wait_for(kTestPatience) == std::future_status::ready);
  return told.get();
}

Status LocalBench::Launch(TrialNumber number, const std::string& script) {
  return Launch(Spec(number, ScriptObject(script)));
}

Status LocalBench::Stop(TrialNumber number, Attempt attempt) {
  std::promise<Status> answer;
  runner_->Stop({experiment, number}, attempt, StopMode::kTerminate,
                [&](Status status) { answer.set_value(std::move(status)); });
  auto told = answer.get_future();
  REQUIRE(told.wait_for(kTestPatience) == std::future_status::ready);
  return told.get();
}

Result<std::vector<Sighting>> LocalBench::Observe() {
  std::promise<Result<std::vector<Sighting>>> answer;
  runner_->Observe(experiment, [&](auto seen) { answer.set_value(std::move(seen)); });
  auto told = answer.get_future();
  REQUIRE(told.wait_for(kTestPatience) == std::future_status::ready);
  return told.get();
}

Sighting LocalBench::WaitForEnd(TrialNumber number, Attempt attempt) {
  const auto until = std::chrono::steady_clock::now() + kTestPatience;
  for (;;) {
    std::uint64_t before = 0;
    {
      const std::scoped_lock lock(mutex_);
      before = hints_;
    }
    const auto seen = runner_->Look({experiment, number}, attempt);
    REQUIRE(seen.has_value());
    if (*seen && (*seen)->ending) {
      return **seen;
    }
    std::unique_lock lock(mutex_);
    const bool hinted = hinted_.wait_until(lock, until, [&] { return hints_ != before; });
    REQUIRE(hinted);  // no hint for so long: the end was missed
  }
}

Sighting LocalBench::RunScript(TrialNumber number, const std::string& script) {
  const Status launched = Launch(number, script);
  INFO((launched.has_value() ? "" : launched.error().Text()));
  REQUIRE(launched.has_value());
  return WaitForEnd(number);
}

fs::path LocalBench::AttemptFolder(TrialNumber number, Attempt attempt) const {
  return local::Layout(folder / "data").Attempt({{experiment, number}, attempt});
}

fs::path LocalBench::WorkFolder(TrialNumber number) const {
  return local::Layout(folder / "data").Work({experiment, number});
}

std::string LocalBench::Output(TrialNumber number, Attempt attempt) const {
  return ReadFile(AttemptFolder(number, attempt) / "output.log", std::uint64_t{1} << 30)
      .value_or("");
}

local::ClaimRecord LocalBench::Claim(TrialNumber number, Attempt attempt) const {
  const auto text = ReadFile(AttemptFolder(number, attempt) / "claim");
  REQUIRE(text.has_value());
  const auto claim = local::DecodeClaim(*text);
  REQUIRE(claim);
  return *claim;
}

std::string LocalBench::WaitForFile(TrialNumber number, const std::string& name) const {
  std::string text;
  REQUIRE(Eventually([&] {
    text = ReadFile(WorkFolder(number) / name).value_or("");
    return text.ends_with('\n');
  }));
  return text;
}

}  // namespace hone::testing
