// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/state.h"

/// Values as people read them. Pure; everything untrusted comes out safe for a terminal.
namespace hone::cli {

/// "0.3 s", "58 s", "2 min 5 s", "1 h 40 min", "3 d 4 h". Negative durations count as zero.
std::string FormatDuration(Duration duration);

/// "lr=0.01 width=32": active parameters in the order of the space.
std::string FormatParameters(const Space& space, const Assignment& values);

/// The trial's objective value: its text, or "" if there is none.
std::string ObjectiveText(const ExperimentState& state, const TrialState& trial);

/// The metrics of all objectives, the first one first.
std::vector<std::string> ObjectiveHeads(const Objective& objective);
/// The trial's value of each objective: its text, or "" if there is none.
/// @returns shape (objectives)
std::vector<std::string> ObjectiveTexts(const ExperimentState& state, const TrialState& trial);

/// "3 trials", "1 trial".
std::string Counted(std::uint64_t count, std::string_view noun);

/// Columns on the screen of a UTF-8 text, one for each code point.
std::size_t TextWidth(std::string_view text);

/// The text cut to `width` columns at a code point, with "..." at the end if something is missing.
std::string CutToWidth(std::string_view text, std::size_t width);

/// Rows in aligned columns under their heads; two blanks between columns, none at a line's end.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  /// One cell for each head.
  void Add(std::vector<std::string> cells);
  [[nodiscard]] std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the first holds the heads
};

}  // namespace hone::cli
