// SPDX-License-Identifier: Apache-2.0
#include "controller/trial_follower.h"

#include <utility>

namespace hone {

std::string TrialFollower::SourceName(const CollectorSpec& collector) {
  return collector.kind == CollectorKind::kFile ? collector.path : "output";
}

Status TrialFollower::Open(const ExperimentSpec& spec, const MetricParser& parser,
                           TrialRunner& runner, Observations& store, const std::string& wanted) {
  fold = std::make_unique<ObservationFold>(spec.objective);
  untold = {id.number, attempt, 1, !fresh, {}};
  recorded_offset = 0;
  if (!fresh) {
    HONE_ASSIGN_OR_RETURN(recorded_offset, store.OffsetOf(id, attempt, SourceName(spec.collector)));
    HONE_ASSIGN_OR_RETURN(const auto records, store.ReadRecords(id, attempt, ""));
    for (const StoredRecord& stored : records) {
      Add(stored.record, wanted);
    }
  }
  const bool is_file = spec.collector.kind == CollectorKind::kFile;
  HONE_ASSIGN_OR_RETURN(auto source,
                        runner.OpenOutput(id, attempt, is_file ? spec.collector.path : ""));
  tailer = std::make_unique<Tailer>(std::move(source), parser, recorded_offset);
  fresh = false;
  return {};
}

void TrialFollower::Add(const MetricRecord& record, const std::string& wanted) {
  fold->Add(record);
  if (record.metric == wanted) {
    untold.texts.push_back(record.text);
  }
}

TrialReports TrialFollower::TakeUntold() {
  const TrialReports next{id.number, attempt, untold.first + untold.texts.size(), false, {}};
  return std::exchange(untold, next);
}

}  // namespace hone
