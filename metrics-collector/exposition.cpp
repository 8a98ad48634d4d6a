// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/exposition.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace hone {
namespace {

struct Sample {
  std::string_view name;
  SampleSelector::Labels labels;
  std::string_view value;
  std::optional<Timestamp> at;
};

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

bool IsNameCharacter(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  return letter || (!first && c >= '0' && c <= '9');
}

/// Takes parts off the front of a line.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  void SkipBlanks() {
    while (!rest_.empty() && IsBlank(rest_.front())) {
      rest_.remove_prefix(1);
    }
  }
  bool Take(char wanted) {
    const bool there = rest_.starts_with(wanted);
    rest_.remove_prefix(there ? 1 : 0);
    return there;
  }
  std::string_view TakeName() {
    std::size_t length = 0;
    while (length < rest_.size() && IsNameCharacter(rest_[length], length == 0)) {
      ++length;
    }
    return TakeFront(length);
  }
  std::string_view TakeWord() {
    return TakeFront(std::min(rest_.find_first_of(" \t"), rest_.size()));
  }
  /// A text in quotes, its escapes undone. @returns nothing if there is none
  std::optional<std::string> TakeQuoted() {
    std::string text;
    if (!Take('"')) {
      return std::nullopt;
    }
    while (!rest_.empty() && rest_.front() != '"') {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front() == 'n' ? '\n' : rest_.front();
        rest_.remove_prefix(1);
      }
      text += c;
    }
    return Take('"') ? std::optional(std::move(text)) : std::nullopt;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view TakeFront(std::size_t length) {
    const std::string_view front = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return front;
  }
  std::string_view rest_;
};

/// `{a="1",b="2",}`; a text without a brace has no labels. @returns false if it is no such list
bool TakeLabels(Cursor& cursor, SampleSelector::Labels& labels) {
  if (!cursor.Take('{')) {
    return true;
  }
  for (cursor.SkipBlanks(); !cursor.Take('}'); cursor.SkipBlanks()) {
    const std::string_view name = cursor.TakeName();
    cursor.SkipBlanks();
    if (name.empty() || !cursor.Take('=')) {
      return false;
    }
    cursor.SkipBlanks();
    auto value = cursor.TakeQuoted();
    if (!value) {
      return false;
    }
    labels.emplace_back(name, *std::move(value));
    cursor.SkipBlanks();
    if (!cursor.Take(',') && !cursor.rest().starts_with('}')) {
      return false;
    }
  }
  return true;
}

/// Whole milliseconds since 1970. OpenMetrics writes seconds with a fraction.
std::optional<Timestamp> ParseTime(std::string_view word) {
  constexpr std::int64_t kMostMillis = 253'402'300'799'999;  // the end of the year 9999
  const auto millis = ParseInt(word);
  if (millis && *millis >= 0 && *millis <= kMostMillis) {
    return Timestamp(std::chrono::milliseconds(*millis));
  }
  const auto seconds = millis ? std::nullopt : ParseDouble(word);
  if (seconds && *seconds >= 0 && *seconds <= static_cast<double>(kMostMillis) / 1e3) {
    return Timestamp(Duration(static_cast<std::int64_t>(*seconds * 1e6)));
  }
  return std::nullopt;
}

/// @returns nothing if the line is no sample
std::optional<Sample> ParseSample(std::string_view line) {
  Cursor cursor(line);
  Sample sample;
  cursor.SkipBlanks();
  sample.name = cursor.TakeName();
  cursor.SkipBlanks();
  if (sample.name.empty() || !TakeLabels(cursor, sample.labels)) {
    return std::nullopt;
  }
  cursor.SkipBlanks();
  sample.value = cursor.TakeWord();
  if (!ParseDouble(sample.value)) {
    return std::nullopt;
  }
  cursor.SkipBlanks();
  if (!cursor.rest().empty() && cursor.rest().front() != '#') {
    sample.at = ParseTime(cursor.TakeWord());
    cursor.SkipBlanks();
    if (!sample.at || !(cursor.rest().empty() || cursor.rest().front() == '#')) {
      return std::nullopt;
    }
  }
  return sample;
}

bool HasLabels(const Sample& sample, const SampleSelector::Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    return std::ranges::find(sample.labels, label) != sample.labels.end();
  });
}

/// The sample for a selector. @param fits  how many there are to choose from
const Sample* Choose(const std::vector<Sample>& samples, const SampleSelector& selector,
                     std::size_t& fits) {
  const Sample* chosen = nullptr;
  fits = 0;
  for (const Sample& sample : samples) {
    if (sample.name != selector.name || !HasLabels(sample, selector.labels)) {
      continue;
    }
    if (sample.labels.size() == selector.labels.size()) {
      fits = 1;
      return &sample;  // exactly these labels
    }
    ++fits;
    chosen = &sample;
  }
  return chosen;
}

Result<std::vector<Sample>> ReadSamples(std::string_view text,
                                        const std::vector<SampleSelector>& selectors) {
  std::vector<Sample> samples;
  const std::vector<std::string_view> lines = Split(text, '\n');
  if (!lines.back().empty()) {
    return Fail(Code::kDataLoss, "it ends in the middle of a line");
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = Trim(lines[i]);
    if (line.empty() || line.front() == '#') {
      continue;
    }
    auto sample = ParseSample(line);
    if (!sample) {
      return Fail(Code::kDataLoss,
                  "its line " + std::to_string(i + 1) +
                      " is no sample of Prometheus' text format: " + Printable(line));
    }
    if (std::ranges::find(selectors, sample->name, &SampleSelector::name) != selectors.end()) {
      samples.push_back(*std::move(sample));
    }
  }
  return samples;
}

}  // namespace

Result<SampleSelector> ParseSelector(const std::string& metric) {
  SampleSelector selector{metric, metric, {}};
  const std::size_t brace = metric.find('{');
  if (brace == std::string::npos) {
    return selector;
  }
  Cursor cursor(std::string_view(metric).substr(brace));
  if (!TakeLabels(cursor, selector.labels) || !Trim(cursor.rest()).empty()) {
    return Fail(Code::kInvalidArgument,
                "must be a name, or a name with labels such as loss{split=\"val\"}, for "
                "PrometheusMetric: " +
                    Printable(metric));
  }
  selector.name = Trim(metric.substr(0, brace));
  return selector;
}

Result<Exposition> ReadExposition(std::string_view text,
                                  const std::vector<SampleSelector>& selectors) {
  HONE_ASSIGN_OR_RETURN(const std::vector<Sample> samples, ReadSamples(text, selectors));
  Exposition exposition;
  for (const SampleSelector& selector : selectors) {
    std::size_t fits = 0;
    const Sample* sample = Choose(samples, selector, fits);
    if (fits > 1) {
      exposition.ambiguous = Printable(selector.metric) + " stands for " + std::to_string(fits) +
                             " samples that differ in labels: name one as " +
                             Printable(selector.name) + "{label=\"value\"}";
    } else if (sample != nullptr) {
      exposition.records.push_back(
          {selector.metric, std::string(sample->value), sample->at, std::nullopt});
    }
  }
  return exposition;
}

}  // namespace hone
