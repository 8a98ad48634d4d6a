// SPDX-License-Identifier: Apache-2.0
// How many trials a second a SQLite store takes: store_throughput FILE [trials] [experiments] [in
// flight]. A trial is three steps (4 events, 2 commands that are then marked done, 3 row updates)
// and one observation, each begun when the one before is on the disk. Prints one line of JSON.
#include <sys/resource.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>

#include "core/command.h"
#include "store/sqlite/sqlite_store.h"

namespace hone {
namespace {

struct Trial {
  std::size_t experiment = 0;
  TrialNumber number = 0;
  int stage = 0;
  Version launch_seq = 0;
};

class Load {
 public:
  Load(Store& store, int trials, int experiments, int in_flight)
      : store_(store),
        trials_(trials),
        ids_(static_cast<std::size_t>(experiments)),
        versions_(ids_.size(), 0),
        flights_(static_cast<std::size_t>(in_flight)) {}

  void Run() {
    for (std::size_t e = 0; e < ids_.size(); ++e) {
      ids_[e] = NewUid();
      LedgerStep step =
          StepOf(e, {event::ExperimentCreated{
                        .document = std::string(2000, 'd'), .build = "b", .cpu_level = "c"}});
      Submit(std::move(step), nullptr);
    }
    for (Trial& trial : flights_) {
      Start(trial);
    }
    std::unique_lock lock(mutex_);
    while (finished_ < trials_ && !failed_) {
      wake_.wait(lock, [&] { return !ready_.empty(); });
      std::deque<Trial*> batch = std::exchange(ready_, {});
      lock.unlock();
      for (Trial* trial : batch) {
        Next(*trial);
      }
      lock.lock();
    }
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  LedgerStep StepOf(std::size_t e, std::vector<Event> events) {
    LedgerStep step;
    step.experiment = ids_[e];
    step.expected = versions_[e];
    for (Event& event : events) {
      step.events.push_back({++versions_[e],
                             std::chrono::floor<Duration>(std::chrono::system_clock::now()),
                             std::move(event)});
    }
    ExperimentRow& row = step.projection.experiment;
    row.id = ids_[e];
    row.name_space = "default";
    row.name = "load" + std::to_string(e);
    row.phase = "Running";
    row.algorithm = "random";
    row.objective = "accuracy";
    row.created_at = step.events[0].at;
    return step;
  }

  TrialRow RowOf(const Trial& trial, const char* phase) const {
    TrialRow row;
    row.number = trial.number;
    row.name = TrialName("load" + std::to_string(trial.experiment),
                         {ids_[trial.experiment], trial.number});
    row.phase = phase;
    row.attempt = 1;
    row.parameters = R"({"lr":"0.012345678901234","momentum":"0.9","optimizer":"adam"})";
    row.metrics = trial.stage == 3
                      ? R"({"accuracy":{"min":"0.1","max":"0.93","latest":"0.93","seen":true}})"
                      : "{}";
    row.created_at = Timestamp(Duration(1));
    return row;
  }

  void Start(Trial& trial) {
    if (started_ == trials_) {
      return;
    }
    trial = {static_cast<std::size_t>(started_) % ids_.size(),
             static_cast<TrialNumber>(static_cast<std::size_t>(started_) / ids_.size() + 1), 0, 0};
    ++started_;
    Next(trial);
  }

  void Next(Trial& trial) {
    const TrialNumber n = trial.number;
    const std::size_t e = trial.experiment;
    switch (trial.stage++) {
      case 0: {
        LedgerStep step =
            StepOf(e, {event::TrialProposed{
                           .trial = n,
                           .reservation = 1,
                           .based_on = 1,
                           .values = {{"0.012345678901234", true}, {"0.9", true}, {"adam", true}},
                           .name = {},
                           .tag = {},
                           .note = {},
                           .budget = {},
                           .start_from = {},
                           .labels = {}},
                       event::TrialLaunched{.trial = n, .attempt = 1, .runner = "local"}});
        step.outbox = {EncodeCommand(command::Launch{.trial = n, .attempt = 1})};
        step.projection.trials = {RowOf(trial, "Pending")};
        trial.launch_seq = versions_[e];
        Submit(std::move(step), &trial);
        break;
      }
      case 1: {
        store_.MarkDone(ids_[e], trial.launch_seq, 0);
        LedgerStep step = StepOf(e, {event::TrialRunning{.trial = n,
                                                         .attempt = 1,
                                                         .started_at = Timestamp(Duration(5)),
                                                         .place = "pid 4711"}});
        step.projection.trials = {RowOf(trial, "Running")};
        Submit(std::move(step), &trial);
        break;
      }
      case 2:
        store_.Record({.trial = {ids_[e], n},
                       .attempt = 1,
                       .source = "output",
                       .offset_before = 0,
                       .offset_after = 40,
                       .records = {{"accuracy", "0.93", Timestamp(Duration(9)), 1.0}}},
                      [this, &trial](const Status& status) { Done(status, &trial); });
        break;
      case 3: {
        LedgerStep step = StepOf(
            e, {event::TrialSucceeded{
                   .outcome = {.trial = n,
                               .attempt = 1,
                               .started_at = Timestamp(Duration(5)),
                               .ended_at = Timestamp(Duration(9)),
                               .observation = {{"accuracy", "0.1", "0.93", "0.93", true}}}}});
        step.outbox = {EncodeCommand(command::Stop{.trial = n, .attempt = 1})};
        step.projection.trials = {RowOf(trial, "Succeeded")};
        trial.launch_seq = versions_[e];
        Submit(std::move(step), &trial);
        break;
      }
      default:
        store_.MarkDone(ids_[e], trial.launch_seq, 0);
        ++finished_;
        Start(trial);
    }
  }

  void Submit(LedgerStep step, Trial* trial) {
    store_.Append(std::move(step), [this, trial](const Status& status) { Done(status, trial); });
  }

  void Done(const Status& status, Trial* trial) {
    const std::scoped_lock lock(mutex_);
    if (!status) {
      std::fprintf(stderr, "%s\n", status.error().message.c_str());
      failed_ = true;
    }
    if (trial != nullptr) {
      ready_.push_back(trial);
      wake_.notify_one();
    }
  }

  Store& store_;
  const int trials_;
  int started_ = 0;
  int finished_ = 0;
  std::vector<ExperimentId> ids_;
  std::vector<Version> versions_;
  std::vector<Trial> flights_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Trial*> ready_;
  bool failed_ = false;
};

int Main(const std::filesystem::path& file, int trials, int experiments, int in_flight) {
  std::filesystem::remove(file);
  auto store = SqliteStore::Create(file, {});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  Load load(**store, trials, experiments, in_flight);
  const auto begin = std::chrono::steady_clock::now();
  load.Run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  const double rate = trials / took.count();
  std::printf(
      "{\"trials\": %d, \"experiments\": %d, \"in_flight\": %d, \"seconds\": %.3f, "
      "\"trials_per_second\": %.0f, \"events_per_second\": %.0f, "
      "\"row_writes_per_second\": %.0f, \"cpu_seconds\": %.2f}\n",
      trials, experiments, in_flight, took.count(), rate, 4 * rate, 16 * rate, cpu);
  store->reset();
  return load.failed() ? 1 : 0;
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  return argc < 2 ? 2 : hone::Main(argv[1], number(2, 20000), number(3, 8), number(4, 64));
}
