// SPDX-License-Identifier: Apache-2.0
#include "store/archive/format.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/guard.h"
#include "base/json.h"
#include "core/event_codec.h"
#include "core/json_integer.h"
#include "core/json_writer.h"

namespace hone::archive {
namespace {

using nlohmann::json;

constexpr std::string_view kTrials = "trials/";
constexpr std::string_view kObservations = "/observations.jsonl";
constexpr std::string_view kLog = "/output.log";
constexpr std::string_view kUnreadable = "a line cannot be read";

/// Takes a number as it is written by std::to_string: no sign, no leading zero.
std::optional<std::uint32_t> TakeNumber(std::string_view& rest) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || rest.front() == '0') {
    return std::nullopt;
  }
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return number;
}

bool TakeWord(std::string_view& rest, std::string_view word) {
  const bool there = rest.starts_with(word);
  rest.remove_prefix(there ? word.size() : 0);
  return there;
}

std::optional<TrialNumber> TakeTrial(std::string_view& rest) {
  return TakeWord(rest, kTrials) && !rest.empty() ? TakeNumber(rest) : std::nullopt;
}

/// Between 1970 and the year 9999: differences of such times are times, too.
Timestamp TimeOf(const json& number) {
  constexpr std::int64_t kEnd = 253'402'300'800'000'000;
  const auto micros = IntegerOf<std::int64_t>(number);
  if (micros < 0 || micros >= kEnd) {
    throw std::out_of_range("a time must be between 1970 and 9999");
  }
  return Timestamp(Duration(micros));
}

/// Texts that are no UTF-8 would not come back from JSON as they went: they go as hexadecimal
/// digits.
void PutText(JsonWriter& out, std::string_view key, const std::string& text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  const json quoted(text);
  if (std::ranges::all_of(text, is_ascii) ||
      quoted.dump(-1, ' ', false, json::error_handler_t::ignore) == DumpJson(quoted)) {
    out.Key(key);
    out.String(text);
    return;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const char c : text) {
    digits += kDigits[static_cast<unsigned char>(c) >> 4U];
    digits += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  out.Key(std::string(key) + "_hex");
  out.String(digits);
}

std::string Unhex(const std::string& digits) {
  std::string text;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    if (error != std::errc() || end != digits.data() + i + 2) {
      throw std::invalid_argument("hexadecimal digits expected");
    }
    text += static_cast<char>(byte);
  }
  return text;
}

std::string GetText(const json& line, const std::string& key) {
  const auto hex = line.find(key + "_hex");
  return hex == line.end() ? line.at(key).get<std::string>() : Unhex(hex->get<std::string>());
}

}  // namespace

std::string ObservationsName(TrialNumber trial) {
  return std::string(kTrials) + std::to_string(trial) + std::string(kObservations);
}

std::string LogName(TrialNumber trial, Attempt attempt) {
  return std::string(kTrials) + std::to_string(trial) + "/" + std::to_string(attempt) +
         std::string(kLog);
}

std::optional<TrialNumber> TrialOfObservations(std::string_view name) {
  const auto trial = TakeTrial(name);
  return trial && name == kObservations ? trial : std::nullopt;
}

std::optional<std::pair<TrialNumber, Attempt>> AttemptOfLog(std::string_view name) {
  const auto trial = TakeTrial(name);
  if (!trial || !TakeWord(name, "/") || name.empty()) {
    return std::nullopt;
  }
  const auto attempt = TakeNumber(name);
  return attempt && name == kLog ? std::optional(std::pair(*trial, *attempt)) : std::nullopt;
}

std::string EventLine(const Recorded& recorded) {
  // The payload is put in as it is stored.
  return R"({"seq":)" + std::to_string(recorded.seq) + R"(,"at":)" +
         std::to_string(recorded.at.time_since_epoch().count()) + R"(,"kind":")" +
         std::string(EventKind(recorded.event)) + R"(","payload":)" + EncodeEvent(recorded.event) +
         "}\n";
}

Result<Recorded> ParseEventLine(std::string_view line) {
  return Guard(Code::kDataLoss, kUnreadable, [&]() -> Result<Recorded> {
    const json object = ParseJsonOrThrow(line);
    HONE_ASSIGN_OR_RETURN(auto event, DecodeEvent(object.at("kind").get<std::string>(),
                                                  DumpJson(object.at("payload"))));
    return Recorded{IntegerOf<Version>(object.at("seq")), TimeOf(object.at("at")),
                    std::move(event)};
  });
}

std::string RecordLine(const StoredRecord& stored) {
  std::string line;
  JsonWriter out(line);
  out.BeginObject();
  out.Key("attempt");
  out.Unsigned(stored.attempt);
  PutText(out, "metric", stored.record.metric);
  PutText(out, "text", stored.record.text);
  if (stored.record.at) {
    out.Key("at");
    out.Integer(stored.record.at->time_since_epoch().count());
  }
  if (stored.record.step) {
    out.Key("step");
    out.Real(*stored.record.step);
  }
  out.EndObject();
  return line + "\n";
}

Result<StoredRecord> ParseRecordLine(std::string_view line) {
  return Guard(Code::kDataLoss, kUnreadable, [&]() -> Result<StoredRecord> {
    const json object = ParseJsonOrThrow(line);
    StoredRecord stored;
    stored.attempt = IntegerOf<Attempt>(object.at("attempt"));
    stored.record.metric = GetText(object, "metric");
    stored.record.text = GetText(object, "text");
    if (object.contains("at")) {
      stored.record.at = TimeOf(object.at("at"));
    }
    if (object.contains("step")) {
      stored.record.step = object.at("step").get<double>();
    }
    return stored;
  });
}

}  // namespace hone::archive
