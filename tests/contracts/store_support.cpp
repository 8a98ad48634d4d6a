// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "core/command.h"
#include "tests/contracts/store_contract.h"

namespace hone::test {

ExperimentId IdOf(int n) {
  std::string digits = std::to_string(n);
  return {"00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits};
}

Timestamp At(int seconds) {
  return Timestamp(std::chrono::seconds(1'767'225'600 + seconds));  // 2026-01-01
}

LedgerStep CreateStep(int n, OwnerEpoch epoch) {
  LedgerStep step;
  step.experiment = IdOf(n);
  step.epoch = epoch;
  step.events = {{1, At(0),
                  event::ExperimentCreated{.document = "kind: Experiment\n",
                                           .seed = 7,
                                           .build = "0.1.0",
                                           .cpu_level = "x86-64-v3"}}};
  step.projection.experiment = {.id = IdOf(n),
                                .name_space = "default",
                                .name = "x" + std::to_string(n),
                                .version = 1,
                                .phase = "Running",
                                .reason = "ExperimentRunning",
                                .algorithm = "random",
                                .objective = "accuracy",
                                .best_trial = {},
                                .best_value = {},
                                .created_at = At(0),
                                .ended_at = {}};
  return step;
}

TrialRow RowOf(int experiment, TrialNumber number, const std::string& phase) {
  return {.number = number,
          .name = "x" + std::to_string(experiment) + "-trial" + std::to_string(number),
          .phase = phase,
          .attempt = 1,
          .parameters = R"({"lr":"0.01"})",
          .metrics = "{}",
          .objective = {},
          .objective_number = {},
          .ending = {},
          .message = {},
          .created_at = At(1),
          .started_at = {},
          .ended_at = {}};
}

LedgerStep NextStep(int n, Version expected, int events, OwnerEpoch epoch) {
  LedgerStep step;
  step.experiment = IdOf(n);
  step.expected = expected;
  step.epoch = epoch;
  for (Version seq = expected + 1; seq <= expected + static_cast<Version>(events); ++seq) {
    step.events.push_back(
        {seq, At(static_cast<int>(seq)),
         event::TrialLaunched{.trial = 1, .attempt = static_cast<Attempt>(seq), .runner = "here"}});
  }
  step.outbox = {EncodeCommand(command::Launch{.trial = 1, .attempt = 1})};
  step.projection = {CreateStep(n).projection.experiment, {RowOf(n, 1, "Pending")}};
  step.projection.experiment.version = expected + static_cast<Version>(events);
  step.projection.experiment.trials = 1;
  return step;
}

ObservationBatch BatchOf(int experiment, TrialNumber trial, std::uint64_t from, std::uint64_t to) {
  ObservationBatch batch{.trial = {IdOf(experiment), trial},
                         .attempt = 1,
                         .source = "output",
                         .offset_before = from,
                         .offset_after = to,
                         .records = {}};
  for (std::uint64_t at = from; at < to; ++at) {
    batch.records.push_back(
        {"accuracy", "0." + std::to_string(at), At(static_cast<int>(at)), double(at)});
  }
  return batch;
}

namespace {

/// Waits for one `done`.
template <class Start>
Status Await(StoreHarness& harness, const Start& start) {
  struct Answer {
    std::atomic<bool> there = false;
    Status status;
  };
  const auto answer = std::make_shared<Answer>();  // with a `done` that may come after the test
  start([answer](Status status) {
    answer->status = std::move(status);
    answer->there = true;
  });
  harness.WaitUntil([&] { return answer->there.load(); });
  return answer->there ? answer->status : Fail(Code::kDeadlineExceeded, "done was not called");
}

}  // namespace

Status AppendNow(StoreHarness& harness, LedgerStep step) {
  return Await(harness, [&](Ledger::Done done) {
    harness.store().Append(std::move(step), std::move(done));
  });
}

Status RecordNow(StoreHarness& harness, ObservationBatch batch) {
  return Await(harness, [&](Observations::Done done) {
    harness.store().Record(std::move(batch), std::move(done));
  });
}

Code CodeOf(const Status& status) {
  return status ? kOk : status.error().code;
}

std::vector<Code> Pipeline(StoreHarness& h, std::vector<LedgerStep> steps) {
  struct Answers {
    std::vector<std::atomic<int>> codes;
    std::atomic<std::size_t> count = 0;
  };
  const auto answers = std::make_shared<Answers>();  // with a `done` that may come after the test
  answers->codes = std::vector<std::atomic<int>>(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    h.store().Append(std::move(steps[i]), [answers, i](const Status& status) {
      answers->codes[i] = static_cast<int>(CodeOf(status));
      ++answers->count;
    });
  }
  h.WaitUntil([&] { return answers->count == answers->codes.size(); });
  std::vector<Code> codes;
  for (const auto& code : answers->codes) {
    codes.push_back(static_cast<Code>(code.load()));
  }
  return codes;
}

}  // namespace hone::test
