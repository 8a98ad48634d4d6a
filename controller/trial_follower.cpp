// SPDX-License-Identifier: Apache-2.0
#include "controller/trial_follower.h"

namespace hone {

std::string TrialFollower::SourceName(const CollectorSpec& collector) {
  return collector.kind == CollectorKind::kFile ? collector.path : "output";
}

Status TrialFollower::Open(const ExperimentSpec& spec, const MetricParser& parser,
                           TrialRunner& runner, Observations& store) {
  auto opened_fold = std::make_unique<ObservationFold>(spec.objective);
  recorded_offset = 0;
  if (!fresh) {
    HONE_ASSIGN_OR_RETURN(recorded_offset, store.OffsetOf(id, attempt, SourceName(spec.collector)));
    HONE_ASSIGN_OR_RETURN(const auto records, store.ReadRecords(id, attempt, ""));
    for (const StoredRecord& stored : records) {
      opened_fold->Add(stored.record);
    }
  }
  const bool is_file = spec.collector.kind == CollectorKind::kFile;
  HONE_ASSIGN_OR_RETURN(auto source,
                        runner.OpenOutput(id, attempt, is_file ? spec.collector.path : ""));
  tailer = std::make_unique<Tailer>(std::move(source), parser, recorded_offset);
  fold = std::move(opened_fold);
  fresh = false;
  return {};
}

}  // namespace hone
