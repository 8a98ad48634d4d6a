// SPDX-License-Identifier: Apache-2.0
// Observations, alone and with steps; the rest of the ledger is in store_contract.cpp.
#include <array>
#include <atomic>

#include "tests/catch.h"
#include "tests/contracts/store_contract.h"

namespace hone::test {
namespace {

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

constexpr auto kCases = std::to_array<StoreCase>({
    {"reads what was recorded", &ReadsWhatWasRecorded},
    {"reads rows by pages", &ReadsRowsByPages},
    {"records nothing twice", &RecordsNothingTwice},
    {"records values with a step", &RecordsValuesWithAStep},
    {"a step and its values are refused together", &AStepAndItsValuesAreRefusedTogether},
    {"values with steps among others", &ValuesWithStepsAmongOthers},
    {"a step is not refused for a later one", &AStepIsNotRefusedForALaterOne},
    {"removes records up to a trial", &RemovesRecords},
});

}  // namespace

std::span<const StoreCase> ObservationCases() {
  return kCases;
}

}  // namespace hone::test
