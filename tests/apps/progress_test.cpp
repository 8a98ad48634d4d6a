// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/progress.h"

#include <cstdio>
#include <string>

#include "tests/apps/story.h"
#include "tests/catch.h"

using hone::cli::Progress;
using hone::test::Story;

namespace {

/// What `body` writes.
template <class Body>
std::string Written(bool terminal, const Body& body) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  {
    Progress progress(file, terminal, Story().now());
    body(progress);
  }
  std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
  REQUIRE(std::fseek(file, 0, SEEK_SET) == 0);
  REQUIRE(std::fread(text.data(), 1, text.size(), file) == text.size());
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE(
    "progress: elsewhere than on a terminal each change is a line, without control characters",
    "[apps]") {
  Story story;
  const std::string text = Written(false, [&](Progress& progress) {
    progress.Tick(story.state(), story.now());
    story.Launch().Run(1);
    progress.OnEvent(story.state(), story.last());
    progress.Tick(story.state(), story.now());
    progress.Say("a word of ours");
  });
  CHECK(text == "example: " + story.NameOf(1) + " runs: lr=0.05 opt=sgd\nhone: a word of ours\n");
}

TEST_CASE("progress: on a terminal the live line is redrawn when it changes and ends cleared",
          "[apps]") {
  Story story;
  const std::string text = Written(true, [&](Progress& progress) {
    progress.Tick(story.state(), story.now());
    progress.Tick(story.state(), story.now());  // nothing new: nothing drawn
    story.Launch().Run(1);
    progress.OnEvent(story.state(), story.last());  // the live line tells it
    progress.Tick(story.state(), story.now());
    progress.Say("news");
  });
  CHECK(text ==
        "\r\x1b[Kexample: 0/10 done | 0.0 s"
        "\r\x1b[Kexample: 0/10 done, 1 running | 0.0 s"
        "\r\x1b[Khone: news\n");
}
