// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/convert.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/event_codec.h"

namespace hone::daemon {
namespace {

using nlohmann::json;

constexpr int kMostValues = 1000;
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestValue = 4096;
constexpr std::int64_t kMicros = 1'000'000;
// Of the years 1 to 9999, which RFC 3339 can write.
constexpr std::int64_t kFirstSecond = -62135596800;
constexpr std::int64_t kLastSecond = 253402300799;
constexpr int kDeepest = 100;  // what readers of protobuf take

/// Through the library's own reader of JSON a dozen parameters take longer than all that is decided
/// for them. @returns whether it is not too deep
bool Copy(const json& value, int depth, google::protobuf::Value& out) {
  if (depth > kDeepest) {
    return false;
  }
  bool whole = true;
  switch (value.type()) {
    case json::value_t::object:
      for (const auto& [name, member] : value.items()) {
        whole =
            Copy(member, depth + 1, (*out.mutable_struct_value()->mutable_fields())[name]) && whole;
      }
      out.mutable_struct_value();  // an empty one is one, too
      return whole;
    case json::value_t::array:
      for (const json& member : value) {
        whole = Copy(member, depth + 1, *out.mutable_list_value()->add_values()) && whole;
      }
      out.mutable_list_value();
      return whole;
    case json::value_t::string:
      out.set_string_value(value.get_ref<const std::string&>());
      return true;
    case json::value_t::boolean:
      out.set_bool_value(value.get<bool>());
      return true;
    case json::value_t::null:
      out.set_null_value(google::protobuf::NULL_VALUE);
      return true;
    default:
      out.set_number_value(value.get<double>());
      return true;
  }
}

Result<MetricRecord> RecordOf(const pb::MetricValue& value, const std::string& field,
                              Timestamp now) {
  if (value.name().empty() || value.name().size() > kLongestName) {
    return Fail(Code::kInvalidArgument, "must have 1 to 255 bytes", field + ".name");
  }
  if (value.value().size() > kLongestValue) {
    return Fail(Code::kInvalidArgument, "must have at most 4096 bytes", field + ".value");
  }
  MetricRecord record{value.name(), std::string(Trim(value.value())), {}, {}};
  if (value.has_step()) {
    record.step = value.step();
  }
  if (!value.has_at()) {
    record.at = value.has_step() ? std::nullopt : std::optional(now);
    return record;
  }
  const std::int64_t seconds = value.at().seconds();
  if (seconds < kFirstSecond || seconds > kLastSecond) {
    return Fail(Code::kInvalidArgument, "must be a time of the years 1 to 9999", field + ".at");
  }
  record.at = Timestamp(Duration(seconds * kMicros + value.at().nanos() / 1000));
  return record;
}

}  // namespace

google::protobuf::Timestamp TimeOf(Timestamp at) {
  const std::int64_t micros = at.time_since_epoch().count();
  google::protobuf::Timestamp out;
  out.set_seconds(micros / kMicros);
  out.set_nanos(static_cast<std::int32_t>(micros % kMicros * 1000));
  return out;
}

google::protobuf::Struct StructOf(std::string_view text) {
  google::protobuf::Value out;
  const json value = ParseJson(text);
  if (!value.is_object() || !Copy(value, 0, out)) {
    out.Clear();
  }
  return std::move(*out.mutable_struct_value());
}

pb::Experiment ExperimentOf(const ExperimentRow& row) {
  pb::Experiment out;
  out.set_name(row.name);
  out.set_namespace_(row.name_space);
  out.set_uid(row.id.text);
  out.set_phase(row.phase);
  out.set_reason(row.reason);
  out.set_algorithm(row.algorithm);
  out.set_objective(row.objective);
  out.set_trials(row.trials);
  out.set_running(row.running);
  out.set_succeeded(row.succeeded);
  out.set_failed(row.failed);
  out.set_best_trial(row.best_trial);
  out.set_best_value(row.best_value);
  out.set_version(static_cast<std::int64_t>(row.version));
  *out.mutable_created_at() = TimeOf(row.created_at);
  if (row.ended_at != Timestamp()) {
    *out.mutable_ended_at() = TimeOf(row.ended_at);
  }
  return out;
}

pb::Trial TrialOf(const ExperimentId& experiment, const TrialRow& row) {
  pb::Trial out;
  out.set_experiment(experiment.text);
  out.set_name(row.name);
  out.set_number(row.number);
  out.set_phase(row.phase);
  out.set_attempt(static_cast<std::int32_t>(row.attempt));
  const json parameters = ParseJson(row.parameters);
  if (parameters.is_object()) {
    for (const auto& [name, value] : parameters.items()) {
      (*out.mutable_parameters())[name] =
          value.is_string() ? value.get<std::string>() : DumpJson(value);
    }
  }
  out.set_objective(row.objective);
  out.set_ending(row.ending);
  out.set_message(row.message);
  *out.mutable_created_at() = TimeOf(row.created_at);
  if (row.started_at != Timestamp()) {
    *out.mutable_started_at() = TimeOf(row.started_at);
  }
  if (row.ended_at != Timestamp()) {
    *out.mutable_ended_at() = TimeOf(row.ended_at);
  }
  *out.mutable_metrics() = StructOf(row.metrics);
  return out;
}

pb::MetricValue MetricOf(const StoredRecord& stored) {
  pb::MetricValue out;
  out.set_name(stored.record.metric);
  out.set_value(stored.record.text);
  if (stored.record.step) {
    out.set_step(*stored.record.step);
  }
  if (stored.record.at) {
    *out.mutable_at() = TimeOf(*stored.record.at);
  }
  out.set_attempt(static_cast<std::int32_t>(stored.attempt));
  return out;
}

pb::RecordedEvent RecordedEventOf(const Recorded& recorded) {
  pb::RecordedEvent out;
  out.set_seq(static_cast<std::int64_t>(recorded.seq));
  *out.mutable_at() = TimeOf(recorded.at);
  out.set_kind(std::string(EventKind(recorded.event)));
  out.set_payload(EncodeEvent(recorded.event));
  return out;
}

pb::WatchResponse EventOf(const Positioned& event) {
  pb::WatchResponse out;
  out.set_position(static_cast<std::int64_t>(event.position));
  out.set_uid(event.experiment.text);
  out.set_seq(static_cast<std::int64_t>(event.recorded.seq));
  *out.mutable_at() = TimeOf(event.recorded.at);
  out.set_kind(std::string(EventKind(event.recorded.event)));
  *out.mutable_event() = StructOf(EncodeEvent(event.recorded.event));
  return out;
}

Result<std::vector<MetricRecord>> RecordsOf(const Values& values, Timestamp now) {
  if (values.size() > kMostValues) {
    return Fail(Code::kInvalidArgument, "must have at most 1000 entries", "values");
  }
  std::vector<MetricRecord> records;
  for (int i = 0; i < values.size(); ++i) {
    HONE_ASSIGN_OR_RETURN(records.emplace_back(),
                          RecordOf(values[i], "values[" + std::to_string(i) + "]", now));
  }
  return records;
}

Result<Duration> SpanOf(bool given, const google::protobuf::Duration& span, const Span& rule) {
  if (!given) {
    return rule.otherwise;
  }
  const auto seconds = [](Duration d) {
    return FormatDouble(std::chrono::duration<double>(d).count()) + "s";
  };
  const bool readable = std::abs(span.seconds()) <= kLastSecond;
  const Duration length(readable ? span.seconds() * kMicros + span.nanos() / 1000 : -1);
  if (length < rule.least || length > rule.most) {
    return Fail(Code::kInvalidArgument,
                "must be " + seconds(rule.least) + " to " + seconds(rule.most), rule.field);
  }
  return length;
}

Result<std::size_t> PageSize(std::int32_t size, const PageRule& rule) {
  if (size < 0 || static_cast<std::size_t>(size) > rule.most) {
    return Fail(Code::kInvalidArgument, "must be 0 to " + std::to_string(rule.most), "page_size");
  }
  return size == 0 ? rule.otherwise : static_cast<std::size_t>(size);
}

Result<std::uint64_t> TokenNumber(const std::string& token) {
  const auto number = token.empty() ? std::optional<std::int64_t>(0) : ParseInt(token);
  if (!number || *number < 0) {
    return Fail(Code::kInvalidArgument, "is not of an answer of this call", "page_token");
  }
  return static_cast<std::uint64_t>(*number);
}

Result<Page> PageFrom(std::size_t begin, std::int32_t size, std::size_t items,
                      const PageRule& rule) {
  HONE_ASSIGN_OR_RETURN(const std::size_t count, PageSize(size, rule));
  Page page;
  page.begin = std::min(begin, items);
  page.end = std::min(page.begin + count, items);
  page.next = page.end < items ? std::to_string(page.end) : "";
  return page;
}

Result<Page> PageOf(std::int32_t size, const std::string& token, std::size_t items,
                    const PageRule& rule) {
  HONE_ASSIGN_OR_RETURN(const std::uint64_t begin, TokenNumber(token));
  return PageFrom(static_cast<std::size_t>(begin), size, items, rule);
}

}  // namespace hone::daemon
