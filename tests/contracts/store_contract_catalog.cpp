// SPDX-License-Identifier: Apache-2.0
// Lists, rows, owners, requests; the ledger is in store_contract.cpp.
#include <array>

#include "tests/catch.h"
#include "tests/contracts/store_contract.h"

namespace hone::test {
namespace {

using std::chrono::seconds;

void ListsTheNewestFirst(StoreHarness& h) {
  REQUIRE(h.store().ListExperiments().value().empty());
  for (const int n : {3, 1, 2}) {
    REQUIRE(AppendNow(h, CreateStep(n)));
  }
  const auto rows = h.store().ListExperiments().value();
  REQUIRE(rows.size() == 3);
  REQUIRE(rows[0].name == "x2");
  REQUIRE(rows[1].name == "x1");
  REQUIRE(rows[2] == CreateStep(3).projection.experiment);
}

void FindsByName(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  LedgerStep other = CreateStep(2);
  other.projection.experiment.name = "x1";
  other.projection.experiment.name_space = "team";
  REQUIRE(AppendNow(h, other));
  REQUIRE(h.store().FindExperiment("default", "x1").value().id == IdOf(1));
  REQUIRE(h.store().FindExperiment("team", "x1").value().id == IdOf(2));
  REQUIRE(h.store().FindExperiment("team", "x2").error().code == Code::kNotFound);
}

void ANameIsUniqueInItsNamespace(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  LedgerStep twin = CreateStep(2);
  twin.projection.experiment.name = "x1";
  REQUIRE(CodeOf(AppendNow(h, twin)) == Code::kAlreadyExists);
  REQUIRE(h.store().Read(IdOf(2), 0, kAll).value().empty());
  REQUIRE(h.store().ListExperiments().value().size() == 1);
  REQUIRE(CodeOf(AppendNow(h, NextStep(2, 1))) == Code::kAborted);
}

void RowsFollowTheSteps(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  LedgerStep step = NextStep(1, 1);
  step.projection.trials = {RowOf(1, 4, "Pending"), RowOf(1, 2, "Pending")};
  REQUIRE(AppendNow(h, step));
  step = NextStep(1, 2);
  TrialRow done = RowOf(1, 4, "Succeeded");
  done.objective = "0.9";
  done.objective_number = 0.9;
  done.started_at = At(2);
  done.ended_at = At(3);
  done.metrics = R"({"accuracy":{"latest":"0.9"}})";
  step.projection.trials = {done};
  step.projection.experiment.phase = "Succeeded";
  step.projection.experiment.best_trial = done.name;
  step.projection.experiment.best_value = "0.9";
  step.projection.experiment.succeeded = 1;
  step.projection.experiment.ended_at = At(3);
  REQUIRE(AppendNow(h, step));
  REQUIRE(h.store().ListTrials(IdOf(1)).value() ==
          std::vector<TrialRow>{RowOf(1, 2, "Pending"), done});
  REQUIRE(h.store().FindExperiment("default", "x1").value() == step.projection.experiment);
  step = NextStep(1, 3);  // it goes on: no longer ended
  REQUIRE(AppendNow(h, step));
  REQUIRE(h.store().FindExperiment("default", "x1").value() == step.projection.experiment);
}

void FindsTrialsByName(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, CreateStep(2)));
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  LedgerStep step = NextStep(2, 1);
  step.projection.trials = {RowOf(2, 4'294'967'295, "Pending")};
  REQUIRE(AppendNow(h, step));
  REQUIRE(h.store().FindTrial(RowOf(1, 1, "").name).value() == TrialId{IdOf(1), 1});
  REQUIRE(h.store().FindTrial(RowOf(2, 4'294'967'295, "").name).value() ==
          TrialId{IdOf(2), 4'294'967'295});
  REQUIRE(h.store().FindTrial("x1-nobody").error().code == Code::kNotFound);
  REQUIRE(h.store().ListTrials(IdOf(1)).value().size() == 1);
}

void ReplacesRows(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  Projection rebuilt{NextStep(1, 1).projection.experiment,
                     {RowOf(1, 2, "Running"), RowOf(1, 3, "Failed")}};
  rebuilt.experiment.phase = "Succeeded";
  rebuilt.trials[0].name = RowOf(1, 1, "").name;  // a name may move to another number
  REQUIRE(h.store().ReplaceRows(IdOf(1), rebuilt));
  REQUIRE(h.store().ListTrials(IdOf(1)).value() == rebuilt.trials);
  REQUIRE(h.store().FindExperiment("default", "x1").value() == rebuilt.experiment);
  REQUIRE(h.store().FindTrial(rebuilt.trials[0].name).value() == TrialId{IdOf(1), 2});
  REQUIRE(AppendNow(h, NextStep(1, 2, 1)).has_value() == false);  // the name is trial 2's now
  LedgerStep next = NextStep(1, 2);
  next.projection.trials.clear();
  REQUIRE(AppendNow(h, next));
  REQUIRE(CodeOf(h.store().ReplaceRows(IdOf(2), rebuilt)) == Code::kNotFound);
  REQUIRE(AppendNow(h, CreateStep(2)));
  REQUIRE(CodeOf(h.store().ReplaceRows(IdOf(2), rebuilt)) == Code::kAlreadyExists);
  REQUIRE(h.store().ListTrials(IdOf(2)).value().empty());
}

void DeletesEverything(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1, 3)));
  REQUIRE(AppendNow(h, CreateStep(2)));
  REQUIRE(AppendNow(h, NextStep(1, 1, 2, 3)));
  REQUIRE(AppendNow(h, NextStep(2, 1)));
  REQUIRE(RecordNow(h, BatchOf(1, 1, 0, 5)));
  REQUIRE(RecordNow(h, BatchOf(2, 1, 0, 5)));
  REQUIRE(h.store().WriteSnapshot(IdOf(1), 3, "s"));
  const Position before = h.store().ReadAll(0, kAll).value().back().position;

  REQUIRE(CodeOf(h.store().DeleteExperiment(IdOf(7), 3, At(9))) == Code::kNotFound);
  REQUIRE(CodeOf(h.store().DeleteExperiment(IdOf(1), 4, At(9))) == Code::kAborted);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 3);
  REQUIRE(h.store().DeleteExperiment(IdOf(1), 3, At(9)));

  const std::vector<Recorded> left{{4, At(9), event::ExperimentDeleted{}}};
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value() == left);
  const auto news = h.store().ReadAll(before, kAll).value();
  REQUIRE(news.size() == 1);
  REQUIRE(news[0].experiment == IdOf(1));
  REQUIRE(news[0].recorded == left[0]);
  REQUIRE(h.store().ListTrials(IdOf(1)).value().empty());
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value().empty());
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, "").value().empty());
  REQUIRE(h.store().OffsetOf({IdOf(1), 1}, 1, "output").value() == 0);
  REQUIRE(h.store().ReadSnapshot(IdOf(1)).value() == std::nullopt);
  REQUIRE(h.store().FindTrial(RowOf(1, 1, "").name).error().code == Code::kNotFound);
  REQUIRE(h.store().FindExperiment("default", "x1").error().code == Code::kNotFound);
  REQUIRE(h.store().ListExperiments().value().size() == 1);
  REQUIRE(CodeOf(h.store().DeleteExperiment(IdOf(1), 3, At(9))) == Code::kNotFound);

  // The neighbour is whole.
  REQUIRE(h.store().Read(IdOf(2), 0, kAll).value().size() == 2);
  REQUIRE(h.store().ListTrials(IdOf(2)).value().size() == 1);
  REQUIRE(h.store().ReadRecords({IdOf(2), 1}, 0, "").value().size() == 5);
}

void ADeletedExperimentTakesNothingMore(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(h.store().DeleteExperiment(IdOf(1), 0, At(1)));
  REQUIRE(CodeOf(AppendNow(h, NextStep(1, 1))) == Code::kAborted);
  REQUIRE(CodeOf(AppendNow(h, NextStep(1, 2))) == Code::kAborted);
  REQUIRE(CodeOf(AppendNow(h, CreateStep(1))) == Code::kAborted);
  REQUIRE(CodeOf(RecordNow(h, BatchOf(1, 1, 0, 1))) == Code::kNotFound);
  REQUIRE(CodeOf(h.store().WriteSnapshot(IdOf(1), 1, "s")) == Code::kNotFound);
  h.store().MarkDone(IdOf(1), 1, 0);
  REQUIRE(h.store().RegisterOwner("a", seconds(1)));
  REQUIRE(CodeOf(h.store().TakeOver(IdOf(1), 1)) == Code::kNotFound);
}

void ADeletedNameIsFree(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  REQUIRE(h.store().DeleteExperiment(IdOf(1), 0, At(1)));
  for (const int n : {2, 3}) {  // two deleted ones of a name may lie side by side
    LedgerStep again = CreateStep(n);
    again.projection.experiment.name = "x1";
    again.projection.trials = {RowOf(1, 1, "Pending")};
    REQUIRE(AppendNow(h, again));
    REQUIRE(h.store().FindExperiment("default", "x1").value().id == IdOf(n));
    REQUIRE(h.store().FindTrial(RowOf(1, 1, "").name).value() == TrialId{IdOf(n), 1});
    REQUIRE(h.store().DeleteExperiment(IdOf(n), 0, At(1)));
  }
  const auto all = h.store().ReadAll(0, kAll).value();
  REQUIRE(all.size() == 3);
  REQUIRE(all[0].position < all[1].position);
}

LedgerStep WholeStep(int n, const std::string& trial_name = {}) {
  LedgerStep step = CreateStep(n);
  step.events.push_back({2, At(2), event::TrialsReserved{1, 1}});
  step.projection.experiment.version = 2;
  step.projection.trials = {RowOf(n, 1, "Succeeded")};
  if (!trial_name.empty()) {
    step.projection.trials[0].name = trial_name;
  }
  return step;
}

std::vector<ObservationBatch> WholeBatches(int n) {
  ObservationBatch first = BatchOf(n, 1, 0, 2);
  ObservationBatch second = BatchOf(n, 1, 0, 3);
  second.attempt = 2;
  first.offset_after = 0;
  second.offset_after = 0;
  return {first, second};
}

void AdoptsAnExperimentWithItsRows(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(2)));
  REQUIRE(h.store().Adopt(WholeStep(1), WholeBatches(1)));
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value() == WholeStep(1).events);
  REQUIRE(h.store().FindExperiment("default", "x1").value() == WholeStep(1).projection.experiment);
  REQUIRE(h.store().ListTrials(IdOf(1)).value() == WholeStep(1).projection.trials);
  REQUIRE(h.store().FindTrial(RowOf(1, 1, "").name).value() == TrialId{IdOf(1), 1});
  const auto records = h.store().ReadRecords({IdOf(1), 1}, 0, "").value();
  REQUIRE(records.size() == 5);
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 2, "").value().size() == 3);
  REQUIRE(h.store().ReadAll(0, kAll).value().size() == 3);
  // Anybody may go on with it.
  const OwnerEpoch epoch = h.store().RegisterOwner("a", seconds(10)).value();
  REQUIRE(h.store().TakeOver(IdOf(1), epoch));
  REQUIRE(AppendNow(h, NextStep(1, 2, 1, epoch)));
}

void AdoptsAllOrNothing(StoreHarness& h) {
  REQUIRE(h.store().Adopt(WholeStep(1), {}));
  REQUIRE(CodeOf(h.store().Adopt(WholeStep(1), {})) == Code::kAborted);
  LedgerStep twin = WholeStep(2);
  twin.projection.experiment.name = "x1";
  REQUIRE(CodeOf(h.store().Adopt(twin, WholeBatches(2))) == Code::kAlreadyExists);
  REQUIRE(CodeOf(h.store().Adopt(WholeStep(2, RowOf(1, 1, "").name), WholeBatches(2))) ==
          Code::kAlreadyExists);
  REQUIRE(CodeOf(h.store().Adopt(WholeStep(2), WholeBatches(1))) == Code::kInvalidArgument);
  REQUIRE(CodeOf(h.store().Adopt(NextStep(1, 2), {})) == Code::kInvalidArgument);
  REQUIRE(h.store().Read(IdOf(2), 0, kAll).value().empty());
  REQUIRE(h.store().ReadRecords({IdOf(2), 1}, 0, "").value().empty());
  REQUIRE(h.store().ListExperiments().value().size() == 1);
  REQUIRE(h.store().ReadAll(0, kAll).value().size() == 2);
  REQUIRE(h.store().CheckIntegrity());
}

void WhatWasDeletedCanComeBack(StoreHarness& h) {
  REQUIRE(h.store().Adopt(WholeStep(1), WholeBatches(1)));
  REQUIRE(AppendNow(h, CreateStep(3)));
  REQUIRE(h.store().DeleteExperiment(IdOf(1), 0, At(9)));
  const Position deleted = h.store().ReadAll(0, kAll).value().back().position;
  LedgerStep taken = WholeStep(1);
  taken.projection.experiment.name = "x3";
  REQUIRE(CodeOf(h.store().Adopt(taken, {})) == Code::kAlreadyExists);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 1);  // still the deletion

  REQUIRE(h.store().Adopt(WholeStep(1), WholeBatches(1)));
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value() == WholeStep(1).events);
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, "").value().size() == 5);
  REQUIRE(h.store().ListExperiments().value().size() == 2);
  const auto news = h.store().ReadAll(deleted, kAll).value();
  REQUIRE(news.size() == 2);  // positions are not used twice
  REQUIRE(h.store().ReadAll(0, kAll).value().size() == 3);
  REQUIRE(h.store().CheckIntegrity());
}

void OwnersGrow(StoreHarness& h) {
  const OwnerEpoch first = h.store().RegisterOwner("a", seconds(10)).value();
  const OwnerEpoch second = h.store().RegisterOwner("b", seconds(10)).value();
  REQUIRE(first > 0);
  REQUIRE(second > first);
  REQUIRE(h.store().Heartbeat(first, seconds(10)));
  const OwnerEpoch third = h.store().RegisterOwner("b", seconds(10)).value();
  REQUIRE(third > second);
  // A new start of the same owner: the former one is dead.
  REQUIRE(CodeOf(h.store().Heartbeat(second, seconds(10))) == Code::kAborted);
  REQUIRE(h.store().Heartbeat(third, seconds(10)));
  REQUIRE(CodeOf(h.store().Heartbeat(99, seconds(10))) == Code::kAborted);
}

void TakesOverFromTheDeadOnly(StoreHarness& h) {
  const OwnerEpoch a = h.store().RegisterOwner("a", seconds(10)).value();
  const OwnerEpoch b = h.store().RegisterOwner("b", seconds(60)).value();
  REQUIRE(AppendNow(h, CreateStep(1, a)));
  REQUIRE(CodeOf(h.store().TakeOver(IdOf(5), b)) == Code::kNotFound);
  REQUIRE(CodeOf(h.store().TakeOver(IdOf(1), b)) == Code::kAborted);
  REQUIRE(h.store().TakeOver(IdOf(1), a));
  REQUIRE(AppendNow(h, NextStep(1, 1, 1, a)));
  h.Advance(seconds(9));
  REQUIRE(h.store().Heartbeat(a, seconds(10)));
  h.Advance(seconds(9));
  REQUIRE(CodeOf(h.store().TakeOver(IdOf(1), b)) == Code::kAborted);
  h.Advance(seconds(2));
  REQUIRE(h.store().TakeOver(IdOf(1), b));
  REQUIRE(CodeOf(AppendNow(h, NextStep(1, 2, 1, a))) == Code::kAborted);
  REQUIRE(AppendNow(h, NextStep(1, 2, 1, b)));
  // It was declared dead: neither does it live on, nor does it take anything back.
  REQUIRE(CodeOf(h.store().Heartbeat(a, seconds(10))) == Code::kAborted);
  h.Advance(seconds(100));
  REQUIRE(CodeOf(h.store().TakeOver(IdOf(1), a)) == Code::kAborted);
}

void ASlowOwnerThatNobodyMissedLivesOn(StoreHarness& h) {
  const OwnerEpoch a = h.store().RegisterOwner("a", seconds(10)).value();
  REQUIRE(AppendNow(h, CreateStep(1, a)));
  h.Advance(seconds(100));
  REQUIRE(h.store().Heartbeat(a, seconds(10)));
  const OwnerEpoch b = h.store().RegisterOwner("b", seconds(10)).value();
  REQUIRE(CodeOf(h.store().TakeOver(IdOf(1), b)) == Code::kAborted);
  REQUIRE(AppendNow(h, NextStep(1, 1, 1, a)));
}

std::vector<ExperimentId> Undriven(StoreHarness& h, OwnerEpoch epoch) {
  const auto rows = h.store().ListUndriven(epoch).value();
  std::vector<ExperimentId> ids;
  for (const ExperimentRow& row : rows) {
    ids.push_back(row.id);
  }
  return ids;
}

void ListsWhatNobodyElseDrives(StoreHarness& h) {
  using Ids = std::vector<ExperimentId>;
  const OwnerEpoch a = h.store().RegisterOwner("a", seconds(10)).value();
  const OwnerEpoch b = h.store().RegisterOwner("b", seconds(60)).value();
  LedgerStep ended = CreateStep(3, a);
  ended.projection.experiment.phase = "Succeeded";
  ended.projection.experiment.running = 0;
  REQUIRE(AppendNow(h, CreateStep(1, a)));
  REQUIRE(AppendNow(h, CreateStep(2, b)));
  REQUIRE(AppendNow(h, ended));
  REQUIRE(AppendNow(h, CreateStep(4, 0)));
  REQUIRE(Undriven(h, b) == Ids{IdOf(4), IdOf(2)});
  REQUIRE(Undriven(h, a) == Ids{IdOf(4), IdOf(1)});
  const OwnerInfo alive = h.store().OwnerOf(IdOf(1)).value();
  REQUIRE((alive.epoch == a && alive.name == "a" && alive.alive));
  h.Advance(seconds(11));
  REQUIRE(Undriven(h, b) == Ids{IdOf(4), IdOf(2), IdOf(1)});
  const OwnerInfo silent = h.store().OwnerOf(IdOf(1)).value();
  REQUIRE((silent.name == "a" && !silent.alive));
  REQUIRE(h.store().TakeOver(IdOf(1), b));
  REQUIRE(h.store().OwnerOf(IdOf(1)).value().name == "b");
  REQUIRE(h.store().OwnerOf(IdOf(4)).value().name.empty());
  REQUIRE(h.store().OwnerOf(IdOf(5)).error().code == Code::kNotFound);
}

void ANewStartGetsWhatItHad(StoreHarness& h) {
  const OwnerEpoch a = h.store().RegisterOwner("a", seconds(10)).value();
  REQUIRE(AppendNow(h, CreateStep(1, a)));
  const OwnerEpoch b = h.store().RegisterOwner("b", seconds(60)).value();
  const OwnerEpoch again = h.store().RegisterOwner("a", seconds(10)).value();
  REQUIRE(h.store().OwnerOf(IdOf(1)).value().epoch == again);
  REQUIRE(Undriven(h, b).empty());
  REQUIRE(CodeOf(AppendNow(h, NextStep(1, 1, 1, a))) == Code::kAborted);
  REQUIRE(AppendNow(h, NextStep(1, 1, 1, again)));
}

void TakesOverFromTheUnknown(StoreHarness& h) {
  REQUIRE(AppendNow(h, CreateStep(1, 0)));
  const OwnerEpoch a = h.store().RegisterOwner("a", seconds(10)).value();
  REQUIRE(AppendNow(h, CreateStep(2, a)));
  REQUIRE(h.store().TakeOver(IdOf(1), a));
  REQUIRE(CodeOf(AppendNow(h, NextStep(1, 1, 1, 0))) == Code::kAborted);
  const OwnerEpoch again = h.store().RegisterOwner("a", seconds(10)).value();
  REQUIRE(h.store().TakeOver(IdOf(1), again));  // without waiting: it is the same owner
  REQUIRE(h.store().TakeOver(IdOf(2), again));
  REQUIRE(AppendNow(h, NextStep(2, 1, 1, again)));
}

void HandsRequestsOver(StoreHarness& h) {
  REQUIRE(h.store().OpenRequests().value().empty());
  const auto first = h.store().PostRequest("stop", R"({"name":"x1"})").value();
  const auto second = h.store().PostRequest("delete", "{}").value();
  REQUIRE(second > first);
  const auto open = h.store().OpenRequests().value();
  REQUIRE(open.size() == 2);
  REQUIRE(open[0].id == first);
  REQUIRE(open[0].kind == "stop");
  REQUIRE(open[0].payload == R"({"name":"x1"})");
  REQUIRE_FALSE(h.store().GetRequest(first).value().answered);
  REQUIRE(h.store().AnswerRequest(first, R"({"ok":{}})"));
  const Request answered = h.store().GetRequest(first).value();
  REQUIRE(answered.answered);
  REQUIRE(answered.reply == R"({"ok":{}})");
  REQUIRE(h.store().OpenRequests().value().size() == 1);
  REQUIRE(CodeOf(h.store().AnswerRequest(first, "no")) == Code::kFailedPrecondition);
  REQUIRE(CodeOf(h.store().AnswerRequest(99, "no")) == Code::kNotFound);
  REQUIRE(h.store().GetRequest(99).error().code == Code::kNotFound);
  REQUIRE(h.store().GetRequest(first).value().reply == R"({"ok":{}})");
}

void ChangesAreCounted(StoreHarness& h) {
  std::int64_t last = h.store().ChangeCounter().value();
  const auto changed = [&] {
    const std::int64_t now = h.store().ChangeCounter().value();
    return std::exchange(last, now) != now;
  };
  REQUIRE_FALSE(changed());
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(changed());
  REQUIRE(h.store().ListExperiments());
  REQUIRE_FALSE(changed());
  REQUIRE(RecordNow(h, BatchOf(1, 1, 0, 1)));
  REQUIRE(changed());
  REQUIRE(h.store().PostRequest("stop", "{}"));
  REQUIRE(changed());
}

void WhatWasWrittenIsSound(StoreHarness& h) {
  REQUIRE(h.store().CheckIntegrity());
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  REQUIRE(h.store().CheckIntegrity());
  REQUIRE(h.store().DeleteExperiment(IdOf(1), 0, At(1)));
  REQUIRE(h.store().CheckIntegrity());
}

constexpr auto kCases = std::to_array<StoreCase>({
    {"lists the newest first", &ListsTheNewestFirst},
    {"finds experiments by name", &FindsByName},
    {"a name is unique in its namespace", &ANameIsUniqueInItsNamespace},
    {"rows follow the steps", &RowsFollowTheSteps},
    {"finds trials by name", &FindsTrialsByName},
    {"replaces rows", &ReplacesRows},
    {"deletes everything of an experiment", &DeletesEverything},
    {"a deleted experiment takes nothing more", &ADeletedExperimentTakesNothingMore},
    {"a deleted name is free", &ADeletedNameIsFree},
    {"adopts an experiment with its rows", &AdoptsAnExperimentWithItsRows},
    {"adopts all or nothing", &AdoptsAllOrNothing},
    {"what was deleted can come back", &WhatWasDeletedCanComeBack},
    {"owners grow", &OwnersGrow},
    {"takes over from the dead only", &TakesOverFromTheDeadOnly},
    {"a slow owner that nobody missed lives on", &ASlowOwnerThatNobodyMissedLivesOn},
    {"takes over from the unknown", &TakesOverFromTheUnknown},
    {"lists what nobody else drives", &ListsWhatNobodyElseDrives},
    {"a new start gets what it had", &ANewStartGetsWhatItHad},
    {"hands requests over", &HandsRequestsOver},
    {"changes are counted", &ChangesAreCounted},
    {"what was written is sound", &WhatWasWrittenIsSound},
});

}  // namespace

std::span<const StoreCase> CatalogCases() {
  return kCases;
}

}  // namespace hone::test
