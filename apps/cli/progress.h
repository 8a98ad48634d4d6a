// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "core/event.h"
#include "core/state.h"

namespace hone::cli {

/// Shows an experiment's progress on stderr. On a terminal one line is redrawn in place, and news
/// (a new best trial, failures) scroll by above it; elsewhere each change is a line, without any
/// control character.
/// @threads  one
class Progress {
 public:
  /// @param out  stderr, or a file in tests; @param terminal  whether it is one
  Progress(std::FILE* out, bool terminal, Timestamp since);
  /// Ends the live line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void OnEvent(const ExperimentState& state, const Recorded& recorded);
  /// Redraws the live line. Does nothing elsewhere than on a terminal.
  void Tick(const ExperimentState& state, Timestamp now);
  /// A line of ours, above the live line.
  void Say(std::string_view line);
  /// Removes the live line; the next Tick draws it again.
  void Clear();

 private:
  void WriteLine(std::string_view line);

  std::FILE* out_;
  bool terminal_;
  Timestamp since_;
  std::string drawn_;  // the live line that is on the screen now
};

/// Whether progress may be drawn with cursor movement: stderr is a terminal that understands it.
bool StderrIsTerminal();

}  // namespace hone::cli
