// SPDX-License-Identifier: Apache-2.0
#include "controller/trial_follower.h"

#include <algorithm>
#include <utility>

#include "metrics-collector/event_tailer.h"
#include "metrics-collector/tailer.h"

namespace hone {
namespace {

/// Of the one log that is followed, in the store.
std::string LogName(const ExperimentSpec& spec) {
  std::string path = TrialFollower::FollowedPath(spec);
  return path.empty() ? "output" : path;
}

}  // namespace

std::string TrialFollower::MetricsPath(const CollectorSpec& collector) {
  const bool has_path = collector.kind == CollectorKind::kFile ||
                        collector.kind == CollectorKind::kTensorFlowEvent ||
                        collector.kind == CollectorKind::kCustom;
  std::string path = has_path ? collector.path : "";
  while (collector.kind == CollectorKind::kTensorFlowEvent && path.size() > 1 &&
         path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

std::string TrialFollower::FollowedPath(const ExperimentSpec& spec) {
  const bool told = spec.runner == RunnerKind::kAskTell;  // by workers
  CollectorOrder order;
  order.kind = spec.collector.kind;
  return !told && order.NeedsProcess() ? kPushedOutput : MetricsPath(spec.collector);
}

Result<TrialFollower::Recalled> TrialFollower::Recall(const ExperimentSpec& spec, const TrialId& id,
                                                      Attempt attempt, Observations& store) {
  Recalled recalled;
  HONE_ASSIGN_OR_RETURN(recalled.records, store.ReadRecords(id, attempt, ""));
  if (spec.collector.kind != CollectorKind::kTensorFlowEvent) {
    HONE_ASSIGN_OR_RETURN(recalled.offset, store.OffsetOf(id, attempt, LogName(spec)));
  }
  return recalled;
}

Status TrialFollower::Open(const ExperimentSpec& spec, const MetricParser& parser,
                           TrialRunner& runner, const FollowedMetrics& wanted) {
  Close();
  fold = std::make_unique<ObservationFold>(spec.objective);
  untold = {id.number, attempt, 1, !fresh, {}};
  reports = ReportFold(wanted);
  const Recalled known = std::exchange(recalled, std::nullopt).value_or(Recalled());
  for (const StoredRecord& stored : known.records) {
    Add(stored.record);
  }
  if (spec.collector.kind != CollectorKind::kTensorFlowEvent) {  // else they are found as they come
    const Status opened = OpenLog(spec, parser, runner, known.offset);
    if (!opened.has_value()) {
      Close();
      return opened;
    }
  }
  fresh = false;
  return {};
}

Status TrialFollower::OpenLog(const ExperimentSpec& spec, const MetricParser& parser,
                              TrialRunner& runner, std::uint64_t offset) {
  HONE_ASSIGN_OR_RETURN(auto bytes, runner.OpenOutput(id, attempt, FollowedPath(spec)));
  sources.push_back(
      {LogName(spec), std::make_unique<Tailer>(std::move(bytes), parser, offset), offset});
  return {};
}

Status TrialFollower::OpenEventFiles(const ExperimentSpec& spec, TrialRunner& runner,
                                     Observations& store) {
  HONE_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                        runner.ListOutput(id, attempt, MetricsPath(spec.collector)));
  for (const std::string& file : files) {
    if (!IsEventFile(file) || std::ranges::find(sources, file, &Source::name) != sources.end()) {
      continue;
    }
    HONE_ASSIGN_OR_RETURN(const std::uint64_t offset, store.OffsetOf(id, attempt, file));
    HONE_ASSIGN_OR_RETURN(auto bytes, runner.OpenOutput(id, attempt, file));
    EventMetrics metrics(spec.objective.MetricNames(), file.substr(0, file.rfind('/')));
    sources.push_back({file,
                       std::make_unique<EventTailer>(std::move(bytes), std::move(metrics), offset),
                       offset});
  }
  return {};
}

Result<TailStep> TrialFollower::Step(const ExperimentSpec& spec, TrialRunner& runner,
                                     Observations& store) {
  if (spec.collector.kind == CollectorKind::kTensorFlowEvent) {
    HONE_RETURN_IF_ERROR(OpenEventFiles(spec, runner, store));
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    current = (current + 1) % sources.size();
    HONE_ASSIGN_OR_RETURN(TailStep step, sources[current].reader->Step(end.has_value()));
    if (!step.records.empty() || !step.at_end || !step.started_over.empty() ||
        !step.damaged.empty()) {
      return step;
    }
  }
  return TailStep{};
}

void TrialFollower::Close() {
  fold.reset();
  sources.clear();
  current = 0;
}

void TrialFollower::Add(const MetricRecord& record) {
  fold->Add(record);
  if (auto report = reports.Add(record)) {
    untold.all.push_back(*std::move(report));
  }
}

TrialReports TrialFollower::TakeUntold() {
  const TrialReports next{id.number, attempt, untold.first + untold.all.size(), false, {}};
  return std::exchange(untold, next);
}

}  // namespace hone
