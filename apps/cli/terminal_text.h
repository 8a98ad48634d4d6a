// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hone::cli {

/// Makes what a program wrote safe for a terminal, piece by piece: text, line ends, tabs, carriage
/// returns (progress bars) and colours (ESC [ ... m) pass; other control characters and escape
/// sequences become \xNN, and bytes that are no UTF-8 become U+FFFD.
class TerminalText {
 public:
  /// @returns what can be shown so far; a character or sequence that is cut waits for the rest
  std::string Feed(std::string_view bytes);
  /// What waited, and the end of colours that were left on.
  std::string Finish();

 private:
  std::string waiting_;
  bool coloured_ = false;
};

}  // namespace hone::cli
