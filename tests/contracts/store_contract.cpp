// SPDX-License-Identifier: Apache-2.0
// The ledger; observations are in store_contract_observations.cpp, rows, owners and requests in
// store_contract_catalog.cpp.
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
    {"many threads", &ManyThreads},
});

}  // namespace

std::span<const StoreCase> LedgerCases() {
  return kCases;
}

}  // namespace hone::test
