// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/text.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "metrics-collector/step.h"
#include "metrics-collector/utf8.h"

namespace hone {

const char* const kDefaultFilter = R"(([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?))";

namespace {

// The whole match, the name and the value.
constexpr int kGroups = 3;
// Characters of untrusted text in a message.
constexpr std::size_t kShown = 120;

std::unique_ptr<RE2> Compile(const std::string& filter) {
  RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<RE2>(filter, options);
}

Status CheckCompiled(const RE2& pattern) {
  if (!pattern.ok()) {
    return Fail(Code::kInvalidArgument, "\"" + Printable(pattern.pattern(), kShown) +
                                            "\" is no regular expression in RE2's dialect: " +
                                            Printable(pattern.error(), kShown));
  }
  if (pattern.NumberOfCapturingGroups() < kGroups - 1) {
    return Fail(Code::kInvalidArgument,
                "\"" + Printable(pattern.pattern(), kShown) +
                    "\" needs two groups in parentheses: the metric's name and its value");
  }
  return {};
}

bool Contains(std::string_view text, std::string_view part) {
  return !text.empty() && memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

/// Bytes of the UTF-8 character at a position of valid UTF-8.
std::size_t RuneWidth(std::string_view text, std::size_t pos) {
  std::size_t width = 1;
  while (pos + width < text.size() &&
         (static_cast<unsigned char>(text[pos + width]) & 0xC0U) == 0x80U) {
    ++width;
  }
  return width;
}

/// The time in front of a line's first blank, if there is one.
std::optional<Timestamp> LeadingTime(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) {
    return std::nullopt;
  }
  const Result<Timestamp> time = ParseTimestamp(line.substr(0, blank));
  return time ? std::optional(*time) : std::nullopt;
}

class TextParser final : public MetricParser {
 public:
  TextParser(std::vector<std::string> metrics, std::vector<std::unique_ptr<RE2>> patterns,
             std::string step)
      : metrics_(std::move(metrics)), patterns_(std::move(patterns)), step_(std::move(step)) {}

  void ParseLine(std::string_view raw, std::vector<MetricRecord>& out) const override {
    if (!NamesOne(raw)) {
      return;
    }
    std::string buffer;
    const std::string_view line = ValidUtf8(raw, buffer);
    Found found{out, std::nullopt};
    const std::size_t before = out.size();
    for (const std::unique_ptr<RE2>& pattern : patterns_) {
      AddMatches(*pattern, line, found);
    }
    if (out.size() == before) {
      return;
    }
    const std::optional<Timestamp> time = LeadingTime(line);
    for (std::size_t i = before; i < out.size(); ++i) {
      out[i].at = time;
      out[i].step = found.step;
    }
  }

  [[nodiscard]] std::string WhyNothing(std::string_view raw) const override {
    if (!NamesOne(raw)) {
      return "";
    }
    std::string buffer;
    const std::string_view line = ValidUtf8(raw, buffer);
    std::array<re2::StringPiece, kGroups> groups;
    for (const std::unique_ptr<RE2>& pattern : patterns_) {
      if (pattern->Match({line.data(), line.size()}, 0, line.size(), RE2::UNANCHORED, groups.data(),
                         kGroups)) {
        const std::string_view name = Trim({groups[1].data(), groups[1].size()});
        return "the filter finds \"" + Printable(name, kShown) + "\", which is no metric";
      }
    }
    return "names a metric, but no filter matches";
  }

 private:
  /// Of one line.
  struct Found {
    std::vector<MetricRecord>& records;
    std::optional<double> step;
  };

  [[nodiscard]] bool NamesOne(std::string_view line) const {
    return std::ranges::any_of(
        metrics_, [line](const std::string& metric) { return Contains(line, metric); });
  }

  /// All matches that do not overlap, by the rules of Go's regexp: an empty match right after
  /// another one does not count, and the search goes on one character later.
  void AddMatches(const RE2& pattern, std::string_view line, Found& found) const {
    const re2::StringPiece text(line.data(), line.size());
    std::array<re2::StringPiece, kGroups> groups;
    const char* previous_end = nullptr;
    std::size_t pos = 0;
    while (pos <= line.size() &&
           pattern.Match(text, pos, line.size(), RE2::UNANCHORED, groups.data(), kGroups)) {
      const char* const end = groups[0].data() + groups[0].size();
      const auto end_pos = static_cast<std::size_t>(end - line.data());
      const bool empty_here = end_pos == pos;
      const bool counts = !(empty_here && groups[0].data() == previous_end);
      pos = empty_here ? pos + RuneWidth(line, pos) : end_pos;
      previous_end = end;
      if (counts) {
        AddRecord(groups[1], groups[2], found);
      }
    }
  }

  void AddRecord(re2::StringPiece name_group, re2::StringPiece value_group, Found& found) const {
    const std::string_view name = Trim({name_group.data(), name_group.size()});
    const std::string_view value = Trim({value_group.data(), value_group.size()});
    if (!step_.empty() && name == step_) {
      found.step = ParseStep(value);
    }
    if (std::ranges::find(metrics_, name) == metrics_.end()) {
      return;
    }
    found.records.push_back({std::string(name), std::string(value), std::nullopt, std::nullopt});
  }

  std::vector<std::string> metrics_;
  std::vector<std::unique_ptr<RE2>> patterns_;
  std::string step_;  // empty: none
};

}  // namespace

Status CheckFilter(const std::string& filter) {
  return CheckCompiled(*Compile(filter));
}

Result<std::unique_ptr<MetricParser>> MakeTextParser(std::vector<std::string> metrics,
                                                     const std::vector<std::string>& filters,
                                                     std::string step) {
  std::vector<std::unique_ptr<RE2>> patterns;
  for (const std::string& filter : filters) {
    patterns.push_back(Compile(filter));
    HONE_RETURN_IF_ERROR(CheckCompiled(*patterns.back()));
  }
  if (patterns.empty()) {
    patterns.push_back(Compile(kDefaultFilter));
  }
  return std::make_unique<TextParser>(std::move(metrics), std::move(patterns), std::move(step));
}

std::vector<std::string> NamesWithValues(std::string_view text, std::size_t limit) {
  const RE2 pattern(kDefaultFilter);
  re2::StringPiece rest(text.data(), text.size());
  std::vector<std::string> names;
  re2::StringPiece name;
  re2::StringPiece value;
  while (names.size() < limit && RE2::FindAndConsume(&rest, pattern, &name, &value)) {
    const std::string found(name.data(), name.size());
    if (!value.empty() && std::ranges::find(names, found) == names.end()) {
      names.push_back(found);
    }
  }
  return names;
}

}  // namespace hone
