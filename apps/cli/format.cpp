// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/format.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::size_t kLongestCell = 400;

bool StartsCodePoint(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

std::string Two(std::int64_t large, const char* large_unit, std::int64_t small,
                const char* small_unit) {
  std::string text = std::to_string(large) + " " + large_unit;
  if (small > 0) {
    text += " " + std::to_string(small) + " " + small_unit;
  }
  return text;
}

}  // namespace

std::string FormatDuration(Duration duration) {
  const std::int64_t tenths = std::max<std::int64_t>(0, (duration.count() + 50'000) / 100'000);
  if (tenths < 100) {
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
  }
  const std::int64_t seconds = (tenths + 5) / 10;
  if (seconds < 60) {
    return std::to_string(seconds) + " s";
  }
  if (seconds < 3600) {
    return Two(seconds / 60, "min", seconds % 60, "s");
  }
  if (seconds < 86'400) {
    return Two(seconds / 3600, "h", seconds % 3600 / 60, "min");
  }
  return Two(seconds / 86'400, "d", seconds % 86'400 / 3600, "h");
}

std::string FormatParameters(const Space& space, const Assignment& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size() && i < space.parameters.size(); ++i) {
    if (values[i].active) {
      text += (text.empty() ? "" : " ") + space.parameters[i].name + "=" +
              Printable(values[i].text, kLongestCell);
    }
  }
  return text;
}

std::string ObjectiveText(const ExperimentState& state, const TrialState& trial) {
  return Printable(ObjectiveOf(state.spec->objective, trial.observation).text, kLongestCell);
}

std::vector<std::string> ObjectiveHeads(const Objective& objective) {
  std::vector<std::string> heads{Printable(objective.metric, kLongestCell)};
  for (const FurtherObjective& other : objective.further) {
    heads.push_back(Printable(other.metric, kLongestCell));
  }
  return heads;
}

std::vector<std::string> ObjectiveTexts(const ExperimentState& state, const TrialState& trial) {
  std::vector<std::string> texts;
  for (const ObjectiveValue& value : ObjectivesOf(state.spec->objective, trial.observation)) {
    texts.push_back(Printable(value.text, kLongestCell));
  }
  return texts;
}

std::string Counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::size_t TextWidth(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), StartsCodePoint));
}

std::string CutToWidth(std::string_view text, std::size_t width) {
  if (TextWidth(text) <= width) {
    return std::string(text);
  }
  const std::string_view dots = "...";
  std::size_t left = width > dots.size() ? width - dots.size() : 0;
  std::size_t end = 0;
  while (end < text.size() && (left > 0 || !StartsCodePoint(text[end]))) {
    left -= StartsCodePoint(text[end]) ? 1 : 0;
    ++end;
  }
  return std::string(text.substr(0, end)) + std::string(dots.substr(0, width));
}

void Table::Add(std::vector<std::string> cells) {
  cells.resize(rows_.front().size());
  for (std::string& cell : cells) {
    cell = Printable(cell, kLongestCell);
  }
  rows_.push_back(std::move(cells));
}

std::string Table::Text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], TextWidth(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - TextWidth(row[i]) + 2, ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace hone::cli
