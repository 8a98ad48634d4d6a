// SPDX-License-Identifier: Apache-2.0
#include "core/event_codec.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/guard.h"
#include "core/event_fields.h"
#include "core/event_words.h"
#include "core/json_integer.h"
#include "core/json_writer.h"

namespace hone {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Event>> kKinds = {
    "ExperimentCreated",  "BudgetEdited",    "ExperimentRestarted", "ExperimentSuspended",
    "ExperimentResumed",  "TrialsReserved",  "TrialProposed",       "TrialsWithdrawn",
    "SearchExhausted",    "TrialLaunched",   "TrialRunning",        "TrialReported",
    "TrialStopRequested", "TrialPaused",     "TrialResumed",        "TrialRequeued",
    "TrialSucceeded",     "TrialFailed",     "TrialEarlyStopped",   "TrialKilled",
    "BestChanged",        "ExperimentEnded", "ExperimentDeleted",   "RecordsRemoved"};

void WriteObservation(JsonWriter& json, const Observation& observation) {
  json.BeginObject();
  for (const MetricSummary& metric : observation) {
    json.Key(metric.metric);
    json.BeginObject();
    if (metric.seen) {
      json.Key("min");
      json.String(metric.min);
      json.Key("max");
      json.String(metric.max);
      json.Key("latest");
      json.String(metric.latest);
    }
    json.EndObject();
  }
  json.EndObject();
}

/// Writes the fields of an event that are not empty or zero; enumerations always.
class Writer {
 public:
  explicit Writer(std::string& out) : json_(out) {}

  template <class T>
  void operator()(std::string_view key, const T& field) {
    if (!std::is_enum_v<T> && field == T{}) {
      return;
    }
    json_.Key(key);
    Put(field);
  }

  JsonWriter& Out() { return json_; }

 private:
  void Put(const std::string& text) { json_.String(text); }
  void Put(bool flag) { json_.Bool(flag); }
  void Put(int number) { json_.Integer(number); }
  void Put(std::uint32_t number) { json_.Unsigned(number); }
  void Put(std::uint64_t number) { json_.Unsigned(number); }
  void Put(double number) { json_.Real(number); }
  void Put(Timestamp at) { json_.Integer(at.time_since_epoch().count()); }
  void Put(const Observation& observation) { WriteObservation(json_, observation); }
  void Put(event::TrialsWithdrawn::Why word) { json_.String(Word(word)); }
  void Put(event::TrialStopRequested::Cause word) { json_.String(Word(word)); }
  void Put(event::ExperimentEnded::Reason word) { json_.String(Word(word)); }
  void Put(EndingKind word) { json_.String(Word(word)); }

  template <class T>
  void Put(const std::optional<T>& field) {
    if (field.has_value()) {  // an empty one equals the default, and its field is left out
      Put(*field);
    }
  }

  /// Texts in the order of the space; an inactive parameter is an object with the text that
  /// templates get.
  void Put(const Assignment& values) {
    json_.BeginArray();
    for (const Value& value : values) {
      if (value.active) {
        json_.String(value.text);
      } else {
        json_.BeginObject();
        json_.Key("inactive");
        json_.String(value.text);
        json_.EndObject();
      }
    }
    json_.EndArray();
  }

  void Put(const std::vector<TrialNumber>& numbers) {
    json_.BeginArray();
    for (const TrialNumber number : numbers) {
      json_.Unsigned(number);
    }
    json_.EndArray();
  }

  void Put(const std::vector<double>& numbers) {
    json_.BeginArray();
    for (const double number : numbers) {
      json_.Real(number);
    }
    json_.EndArray();
  }

  void Put(const std::map<std::string, std::string>& labels) {
    json_.BeginObject();
    for (const auto& [key, value] : labels) {
      json_.Key(key);
      json_.String(value);
    }
    json_.EndObject();
  }

  JsonWriter json_;
};

using Json = nlohmann::ordered_json;  // metrics keep their order

/// Reads fields; throws on a mistyped one.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  template <class T>
  void operator()(const char* key, T& field) {
    if (const auto found = json_.find(key); found != json_.end()) {
      Get(*found, field);
    }
  }

 private:
  template <class T>
  static void Get(const Json& json, T& field) {
    field = json.get<T>();
  }

  template <class T>
    requires std::integral<T> && (!std::same_as<T, bool>)
  static void Get(const Json& json, T& field) {
    field = IntegerOf<T>(json);
  }

  template <class T>
  static void Get(const Json& json, std::optional<T>& field) {
    T value{};
    Get(json, value);
    field = std::move(value);
  }

  static void Get(const Json& json, Timestamp& at) {
    std::int64_t microseconds = 0;
    Get(json, microseconds);
    at = Timestamp(Duration(microseconds));
  }

  static void Get(const Json& json, std::vector<TrialNumber>& numbers) {
    for (const Json& item : json) {
      numbers.push_back(IntegerOf<TrialNumber>(item));
    }
  }

  template <class E>
    requires std::is_enum_v<E>
  static void Get(const Json& json, E& field) {
    if (const auto word = json.get<std::string>(); !FromWord(word, field)) {
      throw std::invalid_argument("unknown word '" + word + "'");
    }
  }

  static void Get(const Json& json, Assignment& values) {
    for (const Json& item : json) {
      if (item.is_object()) {
        values.push_back({item.at("inactive").get<std::string>(), false});
      } else {
        values.push_back({item.get<std::string>(), true});
      }
    }
  }

  static void Get(const Json& json, Observation& observation) {
    for (const auto& [metric, summary] : json.items()) {
      observation.push_back({metric, summary.value("min", ""), summary.value("max", ""),
                             summary.value("latest", ""), !summary.empty()});
    }
  }

  const Json& json_;
};

template <std::size_t I>
Event MakeEvent(const Json& json) {
  std::variant_alternative_t<I, Event> event;
  Reader reader(json);
  event::Describe(reader, event);
  return Event(std::in_place_index<I>, std::move(event));
}

template <std::size_t... I>
constexpr auto MakeTable(std::index_sequence<I...>) {
  return std::array<Event (*)(const Json&), sizeof...(I)>{&MakeEvent<I>...};
}

constexpr auto kMakers = MakeTable(std::make_index_sequence<std::variant_size_v<Event>>());

}  // namespace

std::string_view EventKind(const Event& event) {
  return kKinds.at(event.index());
}

std::span<const std::string_view> EventKinds() {
  return kKinds;
}

std::string EncodeEvent(const Event& event) {
  std::string out;
  Writer writer(out);
  writer.Out().BeginObject();
  std::visit(
      [&writer](const auto& e) {
        // Describe serves reading too, so it takes a mutable reference; the writer changes nothing.
        event::Describe(writer, const_cast<std::decay_t<decltype(e)>&>(e));
      },
      event);
  writer.Out().EndObject();
  return out;
}

Result<Event> DecodeEvent(std::string_view kind, std::string_view payload) {
  const auto found = std::find(kKinds.begin(), kKinds.end(), kind);
  if (found == kKinds.end()) {
    return Fail(Code::kDataLoss, "unknown kind of event '" + std::string(kind) +
                                     "'; was this ledger written by a newer version of hone?");
  }
  const auto make = kMakers.at(static_cast<std::size_t>(found - kKinds.begin()));
  return Guard(Code::kDataLoss, "event " + std::string(kind),
               [&] { return make(Json::parse(payload)); });
}

std::string EncodeObservation(const Observation& observation) {
  std::string out;
  JsonWriter json(out);
  WriteObservation(json, observation);
  return out;
}

}  // namespace hone
