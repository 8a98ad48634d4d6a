// SPDX-License-Identifier: Apache-2.0
// Field numbers and tags are those of tensorboard/plugins/hparams/{api,plugin_data}.proto and
// metadata.py, and of google/protobuf/struct.proto.
#include "apps/cli/hparams.h"

#include <cmath>
#include <map>

#include "base/text.h"
#include "metrics-collector/event_writer.h"

namespace hone::cli {
namespace {

constexpr char kPlugin[] = "hparams";
enum : std::uint32_t { kStringType = 1, kFloat64Type = 3 };                       // DataType
enum : std::uint32_t { kUnknown = 0, kSuccess = 1, kFailure = 2, kRunning = 3 };  // Status

double Seconds(Timestamp at) {
  return static_cast<double>(at.time_since_epoch().count()) / 1e6;
}

bool IsNumeric(const Domain& domain) {
  return !std::holds_alternative<CategoricalDomain>(domain);
}

/// google.protobuf.Value
std::string ValueMessage(const Domain& domain, const std::string& text) {
  MessageWriter value;
  const auto number = IsNumeric(domain) ? ParseDouble(text) : std::nullopt;
  if (number) {
    value.Double(2, *number);
  } else {
    value.Bytes(3, text);
  }
  return value.bytes();
}

std::string Interval(double min, double max) {
  return MessageWriter().Double(1, min).Double(2, max).bytes();
}

/// google.protobuf.ListValue
std::string ListMessage(const Domain& domain, const std::vector<std::string>& texts) {
  MessageWriter list;
  for (const std::string& text : texts) {
    list.Bytes(1, ValueMessage(domain, text));
  }
  return list.bytes();
}

std::string ParameterMessage(const Parameter& parameter) {
  constexpr std::uint32_t kDiscrete = 5;
  constexpr std::uint32_t kInterval = 6;
  MessageWriter info;
  info.Bytes(1, parameter.name);
  info.Varint(4, IsNumeric(parameter.domain) ? kFloat64Type : kStringType);
  if (const auto* real = std::get_if<RealDomain>(&parameter.domain)) {
    info.Bytes(kInterval, Interval(real->min, real->max));
  } else if (const auto* integer = std::get_if<IntegerDomain>(&parameter.domain)) {
    info.Bytes(kInterval,
               Interval(static_cast<double>(integer->min), static_cast<double>(integer->max)));
  } else if (const auto* discrete = std::get_if<DiscreteDomain>(&parameter.domain)) {
    info.Bytes(kDiscrete, ListMessage(parameter.domain, discrete->texts));
  } else if (const auto* words = std::get_if<CategoricalDomain>(&parameter.domain)) {
    info.Bytes(kDiscrete, ListMessage(parameter.domain, words->choices));
  }
  return info.bytes();
}

std::string MetricMessage(const std::string& metric) {
  const std::string name = MessageWriter().Bytes(2, metric).bytes();
  return MessageWriter().Bytes(1, name).bytes();
}

std::uint32_t StatusOf(TrialPhase phase) {
  switch (phase) {
    case TrialPhase::kSucceeded:
    case TrialPhase::kEarlyStopped:
      return kSuccess;
    case TrialPhase::kFailed:
    case TrialPhase::kMetricsUnavailable:
    case TrialPhase::kKilled:
      return kFailure;
    case TrialPhase::kRunning:
    case TrialPhase::kPaused:
      return kRunning;
    case TrialPhase::kReserved:
    case TrialPhase::kPending:
    case TrialPhase::kWithdrawn:
      return kUnknown;
  }
  return kUnknown;
}

/// @param field  of HParamsPluginData
std::string PluginData(Timestamp at, const char* tag, std::uint32_t field,
                       const MessageWriter& data) {
  return PluginRecord(at, tag, kPlugin, MessageWriter().Bytes(field, data.bytes()).bytes());
}

std::string StartRecord(const ExperimentState& state, const TrialState& trial) {
  MessageWriter start;
  const std::vector<Parameter>& parameters = state.spec->space.parameters;
  for (std::size_t i = 0; i < parameters.size() && i < trial.values.size(); ++i) {
    if (trial.values[i].active) {
      const std::string value = ValueMessage(parameters[i].domain, trial.values[i].text);
      start.Bytes(1, MessageWriter().Bytes(1, parameters[i].name).Bytes(2, value).bytes());
    }
  }
  start.Double(5, Seconds(trial.started_at));
  return PluginData(trial.started_at, "_hparams_/session_start_info", 3, start);
}

}  // namespace

std::string ExperimentEvents(const ExperimentState& state) {
  MessageWriter experiment;
  experiment.Double(3, Seconds(state.created_at));
  for (const Parameter& parameter : state.spec->space.parameters) {
    experiment.Bytes(4, ParameterMessage(parameter));
  }
  for (const std::string& metric : state.spec->objective.MetricNames()) {
    experiment.Bytes(5, MetricMessage(metric));
  }
  experiment.Bytes(6, state.spec->name);
  return VersionRecord(state.created_at) +
         PluginData(state.created_at, "_hparams_/experiment", 2, experiment);
}

std::string TrialEvents(const ExperimentState& state, const TrialState& trial,
                        const std::vector<StoredRecord>& records) {
  std::string text = VersionRecord(trial.started_at) + StartRecord(state, trial);
  std::map<std::string, std::int64_t> points;  // of each curve
  for (const StoredRecord& stored : records) {
    const MetricRecord& record = stored.record;
    const auto number = ParseDouble(record.text);
    if (!number || !std::isfinite(*number)) {
      continue;
    }
    const std::int64_t point = ++points[record.metric];
    const std::int64_t step = record.step ? std::llround(*record.step) : point;
    text += ScalarRecord(record.at.value_or(trial.started_at), step, record.metric,
                         static_cast<float>(*number));
  }
  if (IsOver(trial.phase)) {
    MessageWriter end;
    end.Varint(1, StatusOf(trial.phase)).Double(2, Seconds(trial.ended_at));
    text += PluginData(trial.ended_at, "_hparams_/session_end_info", 4, end);
  }
  return text;
}

}  // namespace hone::cli
