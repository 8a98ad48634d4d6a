// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/terminal_text.h"

#include "base/rng.h"
#include "tests/catch.h"

namespace hone::cli {
namespace {

std::string Shown(const std::string& bytes, std::size_t piece) {
  TerminalText text;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    out += text.Feed(std::string_view(bytes).substr(at, piece));
  }
  return out + text.Finish();
}

TEST_CASE("terminal text: what passes, and what is shown instead, however it is cut", "[apps]") {
  struct Case {
    const char* name;
    std::string bytes;
    std::string shown;
  };
  const Case cases[] = {
      {"text", "epoch=1\tacc=0.5\n", "epoch=1\tacc=0.5\n"},
      {"UTF-8", "Größe 日本 🎉\n", "Größe 日本 🎉\n"},
      {"a progress bar", "10%\r20%\r\n", "10%\r20%\r\n"},
      {"colours, ended at the end", "\x1b[1;31mred\n", "\x1b[1;31mred\n\x1b[0m"},
      {"a clear screen", "a\x1b[2Jb", "a\\x1b[2Jb"},
      {"a window title", "\x1b]0;gotcha\x07", "\\x1b]0;gotcha\\x07"},
      {"a C1 control",
       "\xc2\x9b"
       "2J",
       "\\xc2\\x9b2J"},
      {"zero bytes", std::string("a\0b", 3), "a\\x00b"},
      {"a lone escape at the end", "a\x1b", "a\\x1b"},
      {"invalid UTF-8",
       "a\xff\xfe"
       "b",
       "a\xef\xbf\xbd\xef\xbf\xbd"
       "b"},
      {"a character that is cut off", "a\xe6\x97", "a\xef\xbf\xbd\xef\xbf\xbd"},
      {"a character that another one cuts off", "\xe6z", "\xef\xbf\xbdz"},
      {"right to left override", "a\xe2\x80\xae z", "a\\xe2\\x80\\xae z"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      for (const std::size_t piece : {1U, 2U, 3U, 1000U}) {
        CAPTURE(piece);
        CHECK(Shown(c.bytes, piece) == c.shown);
      }
    }
  }
}

TEST_CASE("terminal text: random bytes never leave a control character", "[apps]") {
  Rng rng(7, Scope::Experiment(), Purpose::kSimulation);
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) {
    // Escapes and brackets more often than by chance.
    const auto choice = rng.Below(8);
    bytes += choice == 0 ? '\x1b' : choice == 1 ? '[' : static_cast<char>(rng.Below(256));
  }
  const std::string shown = Shown(bytes, 777);
  CHECK(shown == Shown(bytes, 1));
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto c = static_cast<unsigned char>(shown[i]);
    const bool plain = c >= ' ' ? c != 0x7f : c == '\n' || c == '\t' || c == '\r';
    if (!plain && (c != 0x1b || shown.at(i + 1) != '[')) {
      FAIL("byte " << int{c} << " at " << i);
    }
  }
}

}  // namespace
}  // namespace hone::cli
