// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/json_lines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "metrics-collector/step.h"
#include "metrics-collector/utf8.h"

namespace hone {
namespace {

using nlohmann::json;

// Year 9999, the last that RFC 3339 can write.
constexpr double kLastSecond = 253402300799.0;

/// A word of Python's that JSON does not know, and the text it becomes.
struct Special {
  std::string_view word;
  std::string_view text;
};
constexpr std::array<Special, 3> kSpecials = {
    {{"NaN", "\"nan\""}, {"-Infinity", "\"-inf\""}, {"Infinity", "\"inf\""}}};

const Special* SpecialAt(std::string_view rest) {
  const auto* const found = std::ranges::find_if(
      kSpecials, [rest](const Special& special) { return rest.starts_with(special.word); });
  return found == kSpecials.end() ? nullptr : found;
}

/// The line with Python's special numbers as texts, where they stand outside of texts.
std::string QuoteSpecials(std::string_view line) {
  std::string out;
  bool in_text = false;
  for (std::size_t i = 0; i < line.size();) {
    const Special* special = in_text ? nullptr : SpecialAt(line.substr(i));
    if (special != nullptr) {
      out += special->text;
      i += special->word.size();
      continue;
    }
    const bool escape = in_text && line[i] == '\\';
    in_text = line[i] == '"' ? !in_text : in_text;
    const std::string_view taken = line.substr(i, escape ? 2 : 1);
    out += taken;
    i += taken.size();
  }
  return out;
}

std::optional<Timestamp> TimeOf(const json& object) {
  const auto found = object.find("timestamp");
  if (found == object.end()) {
    return std::nullopt;
  }
  if (found->is_string()) {
    const Result<Timestamp> time = ParseTimestamp(found->get_ref<const std::string&>());
    return time ? std::optional(*time) : std::nullopt;
  }
  const double seconds = found->is_number() ? found->get<double>() : -1.0;
  if (!(seconds >= 0 && seconds <= kLastSecond)) {
    return std::nullopt;
  }
  constexpr double kMicros = 1e6;
  return Timestamp(Duration(std::llround(seconds * kMicros)));
}

std::optional<std::string> TextOf(const json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_number_float()) {
    return FormatDouble(value.get<double>());
  }
  return value.is_number() ? std::optional(DumpJson(value)) : std::nullopt;
}

/// The line's object; something else if it is none.
json ObjectOf(std::string_view raw) {
  if (raw.find('{') == std::string_view::npos) {
    return nullptr;
  }
  std::string buffer;
  const std::string_view line = ValidUtf8(raw, buffer);
  json object = ParseJson(line);
  if (object.is_discarded()) {
    object = ParseJson(QuoteSpecials(line));
  }
  return object;  // moved: a copy would recurse as deep as the line is nested
}

class JsonLinesParser final : public MetricParser {
 public:
  JsonLinesParser(std::vector<std::string> metrics, std::string step)
      : metrics_(std::move(metrics)), step_(std::move(step)) {}

  void ParseLine(std::string_view raw, std::vector<MetricRecord>& out) const override {
    const json object = ObjectOf(raw);
    if (!object.is_object()) {
      return;
    }
    const std::optional<Timestamp> time = TimeOf(object);
    const std::optional<double> step = StepOf(object);
    for (const std::string& metric : metrics_) {
      const auto found = object.find(metric);
      if (found == object.end()) {
        continue;
      }
      if (auto text = TextOf(*found)) {
        out.push_back({metric, std::string(Trim(*text)), time, step});
      }
    }
  }

  [[nodiscard]] std::string WhyNothing(std::string_view raw) const override {
    if (Trim(raw).empty()) {
      return "";
    }
    const json object = ObjectOf(raw);
    if (!object.is_object()) {
      return "is no JSON object";
    }
    for (const std::string& metric : metrics_) {
      if (object.contains(metric)) {
        return "the value of \"" + metric + "\" is neither a text nor a number";
      }
    }
    return "has no member named after a metric";
  }

 private:
  [[nodiscard]] std::optional<double> StepOf(const json& object) const {
    const auto found = object.find(step_);
    const auto text = found == object.end() ? std::nullopt : TextOf(*found);
    return text ? ParseStep(Trim(*text)) : std::nullopt;
  }

  std::vector<std::string> metrics_;
  std::string step_;
};

}  // namespace

std::unique_ptr<MetricParser> MakeJsonLinesParser(std::vector<std::string> metrics,
                                                  std::string step) {
  return std::make_unique<JsonLinesParser>(std::move(metrics), std::move(step));
}

}  // namespace hone
