// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/terminal_text.h"

#include <algorithm>

#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::size_t kLongestColour = 32;
constexpr std::string_view kReset = "\x1b[0m";

/// Length of the colour sequence at the beginning: 0 if it is none, npos if it may become one.
std::size_t ColourLength(std::string_view text) {
  for (std::size_t i = 1; i < std::min(text.size(), kLongestColour); ++i) {
    const char c = text[i];
    if (i == 1 ? c != '[' : (c < '0' || c > '9') && c != ';' && c != 'm') {
      return 0;
    }
    if (c == 'm') {
      return i + 1;
    }
  }
  return text.size() < kLongestColour ? std::string_view::npos : 0;
}

/// Bytes of the UTF-8 character that begins with this one; 1 for what begins none.
std::size_t CharacterLength(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xF0) {
    return 4;
  }
  if (byte >= 0xE0) {
    return 3;
  }
  return byte >= 0xC0 ? 2 : 1;
}

bool Passes(char c) {
  return (c >= ' ' && c < '\x7f') || c == '\n' || c == '\t' || c == '\r';
}

/// Bytes that belong to the character, as far as they go on as one.
std::size_t Whole(std::string_view text) {
  const std::size_t length = CharacterLength(text.front());
  std::size_t have = 1;
  while (have < std::min(length, text.size()) &&
         (static_cast<unsigned char>(text[have]) & 0xC0U) == 0x80U) {
    ++have;
  }
  return have;
}

/// What stands at the front of a text: how long it is and how it is shown.
struct Piece {
  std::size_t length = 0;  ///< 0: it may go on
  std::string shown = {};
  bool colour = false;
};

Piece FirstPiece(std::string_view text) {
  const char c = text.front();
  if (Passes(c)) {
    return {1, std::string(1, c)};
  }
  if (c == '\x1b') {
    const std::size_t colour = ColourLength(text);
    if (colour == std::string_view::npos) {
      return {};
    }
    if (colour > 0) {
      return {colour, std::string(text.substr(0, colour)), true};
    }
  }
  const std::size_t length = Whole(text);
  if (length == text.size() && length < CharacterLength(c)) {
    return {};
  }
  return {length, Printable(text.substr(0, length), 64)};
}

}  // namespace

std::string TerminalText::Feed(std::string_view bytes) {
  waiting_ += bytes;
  std::string out;
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    const Piece piece = FirstPiece(rest);
    if (piece.length == 0) {
      break;
    }
    out += piece.shown;
    coloured_ = coloured_ || piece.colour;
    rest.remove_prefix(piece.length);
  }
  waiting_ = std::string(rest);
  return out;
}

std::string TerminalText::Finish() {
  std::string out = Printable(waiting_, 4 * kLongestColour);
  waiting_.clear();
  if (coloured_) {
    out += kReset;
  }
  coloured_ = false;
  return out;
}

}  // namespace hone::cli
