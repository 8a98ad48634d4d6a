// SPDX-License-Identifier: Apache-2.0
// The ledger and the observations; rows, owners and requests are in store_contract_catalog.cpp.
#include "tests/contracts/store_contract.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>

#include "tests/catch.h"

namespace hone::test {
namespace {

constexpr Version kMany = 200;

void ReadsWhatWasAppended(StoreHarness& h) {
  const LedgerStep created = CreateStep(1);
  const LedgerStep next = NextStep(1, 1, 3);
  REQUIRE(AppendNow(h, created));
  REQUIRE(AppendNow(h, next));
  std::vector<Recorded> want = created.events;
  want.insert(want.end(), next.events.begin(), next.events.end());
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value() == want);
  const auto middle = h.store().Read(IdOf(1), 1, 2).value();
  REQUIRE(middle == std::vector<Recorded>(want.begin() + 1, want.begin() + 3));
  REQUIRE(h.store().Read(IdOf(1), 4, kAll).value().empty());
  REQUIRE(h.store().Read(IdOf(2), 0, kAll).value().empty());
}

void RefusesAMovedVersion(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  for (const Version expected : {Version{1}, Version{3}}) {
    CAPTURE(expected);
    REQUIRE(CodeOf(AppendNow(h, NextStep(1, expected))) == Code::kAborted);
  }
  REQUIRE(CodeOf(AppendNow(h, NextStep(2, 1))) == Code::kAborted);
  REQUIRE(CodeOf(AppendNow(h, CreateStep(1))) == Code::kAborted);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 2);
}

void RefusesAMovedEpoch(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1, 5)));
  REQUIRE(CodeOf(AppendNow(h, NextStep(1, 1, 1, 4))) == Code::kAborted);
  REQUIRE(CodeOf(AppendNow(h, NextStep(1, 1, 1, 6))) == Code::kAborted);
  REQUIRE(AppendNow(h, NextStep(1, 1, 1, 5)));
}

void RefusesWrongNumbering(StoreHarness& h) {
  LedgerStep empty = CreateStep(1);
  empty.events.clear();
  REQUIRE(CodeOf(AppendNow(h, empty)) == Code::kInvalidArgument);
  REQUIRE(AppendNow(h, CreateStep(1)));
  LedgerStep gap = NextStep(1, 1, 2);
  gap.events[1].seq = 4;
  REQUIRE(CodeOf(AppendNow(h, gap)) == Code::kInvalidArgument);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 1);
}

void ARefusedStepLeavesNothing(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  const auto rows = h.store().ListExperiments().value();
  LedgerStep late = NextStep(1, 5, 2);
  late.projection.experiment.phase = "Failed";
  REQUIRE(CodeOf(AppendNow(h, late)) == Code::kAborted);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 1);
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value().empty());
  REQUIRE(h.store().ListTrials(IdOf(1)).value().empty());
  REQUIRE(h.store().ListExperiments().value() == rows);
  REQUIRE(h.store().ReadAll(0, kAll).value().size() == 1);
}

/// Appends all steps at once. @returns the answers in the order of the calls
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

void ManyUnderWay(StoreHarness& h) {
  std::vector<LedgerStep> steps{CreateStep(1)};
  for (Version v = 1; v < kMany; ++v) {
    steps.push_back(NextStep(1, v));
  }
  const auto codes = Pipeline(h, std::move(steps));
  REQUIRE(codes == std::vector<Code>(kMany, kOk));
  const auto events = h.store().Read(IdOf(1), 0, kAll).value();
  REQUIRE(events.size() == kMany);
  REQUIRE(events.back().seq == kMany);
}

void AFailureFailsTheLaterOnesOfTheExperiment(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, CreateStep(2)));
  LedgerStep stale = NextStep(1, 2);
  stale.epoch = 9;
  const auto codes = Pipeline(
      h, {NextStep(1, 1), NextStep(2, 1), stale, NextStep(1, 3), NextStep(2, 2), NextStep(1, 4)});
  REQUIRE(codes ==
          std::vector<Code>{kOk, kOk, Code::kAborted, Code::kAborted, kOk, Code::kAborted});
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 2);
  REQUIRE(h.store().Read(IdOf(2), 0, kAll).value().size() == 3);
}

void ATakenNameSpoilsNoOtherStep(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, CreateStep(2)));
  LedgerStep thief = NextStep(2, 1, 2);
  thief.projection.trials[0].name = RowOf(1, 1, "").name;
  const auto codes = Pipeline(
      h, {NextStep(1, 1), CreateStep(3), thief, NextStep(1, 2), NextStep(3, 1), CreateStep(4)});
  REQUIRE(codes == std::vector<Code>{kOk, kOk, Code::kAlreadyExists, kOk, kOk, kOk});
  REQUIRE(h.store().Read(IdOf(2), 0, kAll).value().size() == 1);
  REQUIRE(h.store().ReadOutbox(IdOf(2)).value().empty());
  REQUIRE(h.store().FindExperiment("default", "x2").value().version == 1);
  REQUIRE(AppendNow(h, NextStep(2, 1)));
}

void KeepsCommandsUntilDone(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  LedgerStep step = NextStep(1, 1, 2);
  step.outbox = {"a", "b", "c"};
  REQUIRE(AppendNow(h, step));
  REQUIRE(AppendNow(h, NextStep(1, 3)));
  const std::string launch = NextStep(1, 3).outbox[0];
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value() ==
          std::vector<OutboxItem>{{3, 0, "a"}, {3, 1, "b"}, {3, 2, "c"}, {4, 0, launch}});
  h.store().MarkDone(IdOf(1), 3, 1);
  h.store().MarkDone(IdOf(1), 3, 1);
  h.store().MarkDone(IdOf(1), 77, 0);
  h.store().MarkDone(IdOf(5), 3, 0);
  LedgerStep quiet = NextStep(1, 4);
  quiet.outbox.clear();
  REQUIRE(AppendNow(h, quiet));  // takes the marks along
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value() ==
          std::vector<OutboxItem>{{3, 0, "a"}, {3, 2, "c"}, {4, 0, launch}});
}

void AMarkAloneArrivesToo(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  h.store().MarkDone(IdOf(1), 2, 0);
  h.WaitUntil([&] { return h.store().ReadOutbox(IdOf(1)).value().empty(); });
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value().empty());
}

void LazyStepsKeepTheirPlaceAndArrive(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  std::vector<int> order;
  const auto lazy = [](Version expected, Event event) {
    LedgerStep step = NextStep(1, expected);
    step.outbox.clear();
    step.events[0].event = std::move(event);
    return step;
  };
  Version version = 1;
  for (const Event& event : {Event(event::TrialsReserved{}), Event(event::TrialRunning{})}) {
    order.clear();
    h.store().Append(lazy(version, event),
                     [&](const Status& status) { order.push_back(status ? 1 : 100); });
    REQUIRE(AppendNow(h, NextStep(1, version + 1)));
    REQUIRE(order == std::vector{1});
    REQUIRE(AppendNow(h, lazy(version + 2, event)));  // alone
    version += 3;
  }
  REQUIRE(h.store().Read(IdOf(1), 0, 100).value().size() == version);
}

void PositionsGrowOverExperiments(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, CreateStep(2)));
  REQUIRE(AppendNow(h, NextStep(1, 1, 2)));
  REQUIRE(AppendNow(h, NextStep(2, 1)));
  const auto all = h.store().ReadAll(0, kAll).value();
  REQUIRE(all.size() == 5);
  REQUIRE(std::ranges::is_sorted(all, std::ranges::less{}, &Positioned::position));
  std::vector<ExperimentId> owners;
  owners.reserve(all.size());
  for (const Positioned& event : all) {
    owners.push_back(event.experiment);
  }
  REQUIRE(owners == std::vector<ExperimentId>{IdOf(1), IdOf(2), IdOf(1), IdOf(1), IdOf(2)});
  const auto rest = h.store().ReadAll(all[1].position, 2).value();
  REQUIRE(rest.size() == 2);
  REQUIRE(rest[0].position == all[2].position);
  REQUIRE(rest[1].recorded == all[3].recorded);
  REQUIRE(h.store().ReadAll(all.back().position, kAll).value().empty());
}

void KeepsTheLatestSnapshot(StoreHarness& h) {
  REQUIRE(CodeOf(h.store().WriteSnapshot(IdOf(1), 0, "x")) == Code::kNotFound);
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, NextStep(1, 1, 4)));
  REQUIRE(h.store().ReadSnapshot(IdOf(1)).value() == std::nullopt);
  const std::string bytes("\0\xff two", 6);
  REQUIRE(h.store().WriteSnapshot(IdOf(1), 3, "three"));
  REQUIRE(h.store().WriteSnapshot(IdOf(1), 4, bytes));
  REQUIRE(h.store().WriteSnapshot(IdOf(1), 2, "late"));
  REQUIRE(h.store().ReadSnapshot(IdOf(1)).value() == std::pair{Version{4}, bytes});
  REQUIRE(CodeOf(h.store().WriteSnapshot(IdOf(1), 6, "ahead")) == Code::kFailedPrecondition);
  REQUIRE(h.store().WriteSnapshot(IdOf(1), 5, ""));
  REQUIRE(h.store().ReadSnapshot(IdOf(1)).value() == std::pair{Version{5}, std::string()});
}

void KeepsLargeSteps(StoreHarness& h) {
  LedgerStep step = CreateStep(1);
  const std::string large(3'000'000, 'd');
  step.events[0].event = event::ExperimentCreated{.document = large, .build = {}, .cpu_level = {}};
  step.outbox = {large};
  step.projection.trials = {RowOf(1, 1, "Pending")};
  step.projection.trials[0].parameters = large;
  REQUIRE(AppendNow(h, step));
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value() == step.events);
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value().at(0).payload == large);
  REQUIRE(h.store().ListTrials(IdOf(1)).value() == step.projection.trials);
  std::vector<LedgerStep> more;  // together more than one transaction takes
  for (Version v = 1; v <= 6; ++v) {
    more.push_back(NextStep(1, v));
    more.back().outbox = {large};
  }
  const auto codes = Pipeline(h, std::move(more));
  REQUIRE(codes == std::vector<Code>(6, kOk));
}

void KeepsTextVerbatim(StoreHarness& h) {
  const std::array<std::string, 5> texts{std::string("a\0b", 3), std::string("\xff\xfe\x80", 3),
                                         "Genotype(normal=[('sep_conv', 0)])", "  0.5\n",
                                         std::string("\0", 1)};
  LedgerStep step = CreateStep(1);
  step.projection.trials = {RowOf(1, 1, "Running")};
  step.projection.trials[0].message = texts[0];
  step.projection.trials[0].objective = texts[1];
  step.outbox = {texts[0], texts[1]};
  REQUIRE(AppendNow(h, step));
  REQUIRE(h.store().ListTrials(IdOf(1)).value() == step.projection.trials);
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value().at(1).payload == texts[1]);
  ObservationBatch batch = BatchOf(1, 1, 0, 0);
  batch.offset_after = 10;
  for (const std::string& text : texts) {
    batch.records.push_back({text, text, std::nullopt, std::nullopt});
  }
  REQUIRE(RecordNow(h, batch));
  const auto rows = h.store().ReadRecords({IdOf(1), 1}, 0, "").value();
  REQUIRE(rows.size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    REQUIRE(rows[i].record == batch.records[i]);
    REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, texts[i]).value().size() == 1);
  }
}

void ReadsWhatWasRecorded(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  const TrialId trial{IdOf(1), 1};
  ObservationBatch first = BatchOf(1, 1, 0, 3);
  first.records[1] = {"loss", "nan", Timestamp{}, std::nullopt};
  REQUIRE(RecordNow(h, first));
  REQUIRE(RecordNow(h, BatchOf(1, 2, 0, 2)));
  REQUIRE(RecordNow(h, BatchOf(1, 1, 3, 4)));
  ObservationBatch second = BatchOf(1, 1, 0, 1);
  second.attempt = 2;
  REQUIRE(RecordNow(h, second));
  const auto all = h.store().ReadRecords(trial, 0, "").value();
  REQUIRE(all.size() == 5);
  REQUIRE(all[0] == StoredRecord{1, 1, first.records[0]});
  REQUIRE(all[1].record == first.records[1]);
  REQUIRE(all[4] == StoredRecord{5, 2, second.records[0]});
  REQUIRE(h.store().ReadRecords(trial, 1, "").value().size() == 4);
  REQUIRE(h.store().ReadRecords(trial, 1, "accuracy").value().size() == 3);
  REQUIRE(h.store().ReadRecords(trial, 2, "loss").value().empty());
  REQUIRE(h.store().ReadRecords({IdOf(9), 1}, 0, "").value().empty());
  REQUIRE(h.store().OffsetOf(trial, 1, "output").value() == 4);
  REQUIRE(h.store().OffsetOf(trial, 2, "output").value() == 1);
  REQUIRE(h.store().OffsetOf(trial, 1, "other").value() == 0);
  REQUIRE(h.store().OffsetOf({IdOf(9), 1}, 1, "output").value() == 0);
}

void ReadsRowsByPages(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  const TrialId trial{IdOf(1), 1};
  ObservationBatch batch = BatchOf(1, 1, 0, 7);
  batch.records[3].metric = "other";
  REQUIRE(RecordNow(h, batch));
  const auto all = h.store().ReadRecords(trial, 0, "").value();
  REQUIRE(all.size() == 7);
  std::vector<StoredRecord> found;
  std::vector<std::size_t> sizes;
  for (RecordQuery query{.trial = trial, .metric = "", .limit = 3}; sizes.size() < 4;) {
    const auto page = h.store().ReadRecordPage(query).value();
    sizes.push_back(page.size());
    found.insert(found.end(), page.begin(), page.end());
    query.after = found.back().id;
  }
  REQUIRE(sizes == std::vector<std::size_t>{3, 3, 1, 0});
  REQUIRE(found == all);
  const auto same = h.store().ReadRecordPage(
      {.trial = trial, .attempt = 1, .metric = all[0].record.metric, .after = 2, .limit = 2});
  REQUIRE(same.value() == std::vector<StoredRecord>{all[2], all[4]});
}

void RecordsNothingTwice(StoreHarness& h) {
  REQUIRE(CodeOf(RecordNow(h, BatchOf(1, 1, 0, 2))) == Code::kNotFound);
  REQUIRE(AppendNow(h, CreateStep(1)));
  const ObservationBatch batch = BatchOf(1, 1, 0, 2);
  REQUIRE(RecordNow(h, batch));
  REQUIRE(CodeOf(RecordNow(h, batch)) == Code::kAborted);
  REQUIRE(CodeOf(RecordNow(h, BatchOf(1, 1, 1, 3))) == Code::kAborted);
  REQUIRE(CodeOf(RecordNow(h, BatchOf(1, 1, 3, 4))) == Code::kAborted);
  REQUIRE(CodeOf(RecordNow(h, BatchOf(1, 2, 3, 4))) == Code::kAborted);
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, "").value().size() == 2);
  REQUIRE(h.store().ReadRecords({IdOf(1), 2}, 0, "").value().empty());
  REQUIRE(h.store().OffsetOf({IdOf(1), 1}, 1, "output").value() == 2);
  REQUIRE(RecordNow(h, BatchOf(1, 1, 2, 2)));
  ObservationBatch back = BatchOf(1, 1, 2, 2);  // a file that was cut and begins anew
  back.offset_after = 0;
  REQUIRE(RecordNow(h, back));
  REQUIRE(RecordNow(h, batch));
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, "").value().size() == 4);
}

/// A step with the values of one source of trial 1.
LedgerStep StepWith(Version expected, ObservationBatch batch, OwnerEpoch epoch = 0) {
  LedgerStep step = NextStep(1, expected, 1, epoch);
  step.observations.push_back(std::move(batch));
  return step;
}

void RecordsValuesWithAStep(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  const ObservationBatch batch = BatchOf(1, 1, 0, 2);
  REQUIRE(AppendNow(h, StepWith(1, batch)));
  REQUIRE(RecordNow(h, BatchOf(1, 1, 2, 3)));
  LedgerStep two = StepWith(2, BatchOf(1, 1, 3, 4));
  two.observations.push_back(BatchOf(1, 2, 0, 1));
  REQUIRE(AppendNow(h, two));
  const auto rows = h.store().ReadRecords({IdOf(1), 1}, 0, "").value();
  REQUIRE(rows.size() == 4);
  REQUIRE(rows[1] == StoredRecord{2, 1, batch.records[1]});
  REQUIRE(h.store().ReadRecords({IdOf(1), 2}, 0, "").value().size() == 1);
  REQUIRE(h.store().OffsetOf({IdOf(1), 1}, 1, "output").value() == 4);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 3);
}

void AStepAndItsValuesAreRefusedTogether(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(RecordNow(h, BatchOf(1, 1, 0, 2)));
  REQUIRE(CodeOf(AppendNow(h, StepWith(1, BatchOf(1, 1, 0, 1)))) == Code::kAborted);
  REQUIRE(CodeOf(AppendNow(h, StepWith(1, BatchOf(1, 1, 3, 4)))) == Code::kAborted);
  REQUIRE(CodeOf(AppendNow(h, StepWith(1, BatchOf(1, 2, 1, 2)))) == Code::kAborted);
  REQUIRE(CodeOf(AppendNow(h, StepWith(4, BatchOf(1, 1, 2, 3)))) == Code::kAborted);
  REQUIRE(CodeOf(AppendNow(h, StepWith(1, BatchOf(1, 1, 2, 3), 9))) == Code::kAborted);
  for (const ObservationBatch& other : {BatchOf(2, 1, 0, 1), BatchOf(1, 1, 2, 3)}) {
    LedgerStep step = StepWith(1, BatchOf(1, 1, 2, 3));  // of another experiment, or twice
    step.observations.push_back(other);
    REQUIRE(CodeOf(AppendNow(h, step)) == Code::kInvalidArgument);
  }
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 1);
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value().empty());
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, "").value().size() == 2);
  REQUIRE(h.store().OffsetOf({IdOf(1), 1}, 1, "output").value() == 2);
  REQUIRE(h.store().OffsetOf({IdOf(1), 2}, 1, "output").value() == 0);
  REQUIRE(AppendNow(h, StepWith(1, BatchOf(1, 1, 2, 3))));
}

/// All at once: what does not fit spoils neither the values alone nor the steps of others.
void ValuesWithStepsAmongOthers(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, CreateStep(2)));
  std::atomic<int> recorded = 0;
  const auto count = [&](const Status& status) { recorded += status ? 1 : 100; };
  h.store().Record(BatchOf(1, 1, 0, 1), count);
  h.store().Record(BatchOf(2, 1, 0, 1), count);
  const auto codes = Pipeline(h, {NextStep(2, 1), StepWith(1, BatchOf(1, 1, 1, 2)), NextStep(2, 2),
                                  StepWith(2, BatchOf(1, 2, 5, 6)), NextStep(2, 3)});
  REQUIRE(codes == std::vector<Code>{kOk, kOk, kOk, Code::kAborted, kOk});
  REQUIRE(recorded == 2);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 2);
  REQUIRE(h.store().Read(IdOf(2), 0, kAll).value().size() == 4);
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, "").value().size() == 2);
  REQUIRE(h.store().ReadRecords({IdOf(1), 2}, 0, "").value().empty());
}

/// Those that arrive together may be written by one call, but are judged one by one.
void AStepIsNotRefusedForALaterOne(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, CreateStep(2)));
  const auto codes = Pipeline(h, {NextStep(2, 1), NextStep(2, 2), StepWith(1, BatchOf(1, 1, 0, 1)),
                                  StepWith(2, BatchOf(1, 2, 5, 6)), NextStep(1, 3)});
  REQUIRE(codes == std::vector<Code>{kOk, kOk, kOk, Code::kAborted, Code::kAborted});
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 2);
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, "").value().size() == 1);
  REQUIRE(h.store().ReadRecords({IdOf(1), 2}, 0, "").value().empty());
}

void RemovesRecords(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, CreateStep(2)));
  for (const TrialNumber trial : {1U, 2U, 3U}) {
    REQUIRE(RecordNow(h, BatchOf(1, trial, 0, 2)));
  }
  REQUIRE(RecordNow(h, BatchOf(2, 1, 0, 2)));
  const auto size = [&](int experiment, TrialNumber through) {
    return h.store().SizeOfRecords(IdOf(experiment), through).value();
  };
  std::uint64_t bytes = 0;
  const auto records = h.store().ReadRecords({IdOf(1), 1}, 0, "").value();
  for (const StoredRecord& stored : records) {
    bytes += stored.record.metric.size() + stored.record.text.size() + kRecordNumbersBytes;
  }
  REQUIRE(size(1, 1) == RecordsSize{2, bytes});
  REQUIRE(size(1, UINT32_MAX).rows == 6);
  REQUIRE(size(9, UINT32_MAX) == RecordsSize{});
  for (int again = 0; again < 2; ++again) {
    REQUIRE(h.store().RemoveRecords(IdOf(1), 2));
    REQUIRE(size(1, 2) == RecordsSize{});
    REQUIRE(size(1, 3).rows == 2);
    REQUIRE(size(2, 1).rows == 2);
  }
  REQUIRE(h.store().OffsetOf({IdOf(1), 1}, 1, "output").value() == 2);
  REQUIRE(CodeOf(h.store().RemoveRecords(IdOf(9), 1)) == Code::kNotFound);
}

void ManyThreads(StoreHarness& h) {
  if (!h.threads()) {
    return;
  }
  constexpr int kThreads = 6;
  constexpr Version kSteps = 60;
  std::atomic<int> failures = 0;
  std::vector<std::jthread> threads;
  for (int n = 1; n <= kThreads; ++n) {
    threads.emplace_back([&, n] {
      Status status = AppendNow(h, CreateStep(n));
      for (Version v = 1; status && v < kSteps; ++v) {
        status = AppendNow(h, NextStep(n, v));
        status = status ? RecordNow(h, BatchOf(n, 1, v - 1, v)) : status;
        failures += h.store().Read(IdOf(n), 0, kAll).value().size() == v + 1 ? 0 : 1;
        failures += h.store().ReadAll(0, kAll).value().size() > v ? 0 : 1;
      }
      failures += status ? 0 : 1;
    });
  }
  threads.clear();
  REQUIRE(failures == 0);
  std::map<ExperimentId, Version> seen;
  const auto all = h.store().ReadAll(0, kAll).value();
  for (const Positioned& event : all) {
    REQUIRE(event.recorded.seq == ++seen[event.experiment]);
  }
  REQUIRE(seen.size() == kThreads);
  for (const auto& [id, version] : seen) {
    REQUIRE(version == kSteps);
    REQUIRE(h.store().ReadRecords({id, 1}, 0, "").value().size() == kSteps - 1);
  }
}

constexpr auto kCases = std::to_array<StoreCase>({
    {"reads what was appended", &ReadsWhatWasAppended},
    {"refuses a moved version", &RefusesAMovedVersion},
    {"refuses a moved epoch", &RefusesAMovedEpoch},
    {"refuses wrong numbering", &RefusesWrongNumbering},
    {"a refused step leaves nothing", &ARefusedStepLeavesNothing},
    {"many appends of one experiment under way", &ManyUnderWay},
    {"a failure fails the later ones of the experiment", &AFailureFailsTheLaterOnesOfTheExperiment},
    {"a taken trial name spoils no other step", &ATakenNameSpoilsNoOtherStep},
    {"keeps commands until they are done", &KeepsCommandsUntilDone},
    {"a mark alone arrives too", &AMarkAloneArrivesToo},
    {"lazy steps keep their place, and arrive", &LazyStepsKeepTheirPlaceAndArrive},
    {"positions grow over experiments", &PositionsGrowOverExperiments},
    {"keeps the latest snapshot", &KeepsTheLatestSnapshot},
    {"keeps large steps", &KeepsLargeSteps},
    {"keeps text verbatim", &KeepsTextVerbatim},
    {"reads what was recorded", &ReadsWhatWasRecorded},
    {"reads rows by pages", &ReadsRowsByPages},
    {"records nothing twice", &RecordsNothingTwice},
    {"records values with a step", &RecordsValuesWithAStep},
    {"a step and its values are refused together", &AStepAndItsValuesAreRefusedTogether},
    {"values with steps among others", &ValuesWithStepsAmongOthers},
    {"a step is not refused for a later one", &AStepIsNotRefusedForALaterOne},
    {"removes records up to a trial", &RemovesRecords},
    {"many threads", &ManyThreads},
});

}  // namespace

std::span<const StoreCase> LedgerCases() {
  return kCases;
}

}  // namespace hone::test
