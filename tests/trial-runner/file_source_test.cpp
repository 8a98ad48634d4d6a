// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/file_source.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/trial-runner/local_bench.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;

void Write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::trunc) << text;
}

void Append(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::app) << text;
}

/// What stands from an offset on, or the error.
std::string ReadFrom(ByteSource& source, std::uint64_t offset) {
  std::string out;
  const auto read = source.Read(offset, 100, out);
  return read.has_value() ? out : read.error().message;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("file source: a file that is made later and grows", "[trial-runner]") {
  const testing::TempFolder folder;
  const fs::path file = folder.path() / "metrics.log";
  const auto source = OpenFileSource(file);
  CHECK(ReadFrom(*source, 0).empty());
  Write(file, "abc");
  CHECK(ReadFrom(*source, 0) == "abc");
  CHECK(ReadFrom(*source, 3).empty());
  Append(file, "de");
  CHECK(ReadFrom(*source, 3) == "de");
}

TEST_CASE("file source: a cut file is told once, then read anew", "[trial-runner]") {
  const testing::TempFolder folder;
  const fs::path file = folder.path() / "metrics.log";
  const auto source = OpenFileSource(file);
  Write(file, "abcdef");
  CHECK(ReadFrom(*source, 0) == "abcdef");
  Write(file, "xy");
  CHECK(Has(ReadFrom(*source, 6), "was cut"));
  CHECK(ReadFrom(*source, 0) == "xy");
  CHECK(ReadFrom(*source, 2).empty());
  // A reader that starts behind the end, because it remembers a longer file.
  CHECK(Has(ReadFrom(*OpenFileSource(file), 6), "was cut"));
}

TEST_CASE("file source: the rest of a rotated file comes before the new one", "[trial-runner]") {
  const testing::TempFolder folder;
  const fs::path file = folder.path() / "metrics.log";
  const auto source = OpenFileSource(file);
  Write(file, "abc");
  CHECK(ReadFrom(*source, 0) == "abc");
  Append(file, "de");
  fs::rename(file, folder.path() / "metrics.log.1");
  CHECK(ReadFrom(*source, 3) == "de");
  CHECK(ReadFrom(*source, 5).empty());  // there is no new one yet
  Write(file, "a longer text");
  CHECK(Has(ReadFrom(*source, 5), "another file has the place of"));
  CHECK(ReadFrom(*source, 0) == "a longer text");
}

TEST_CASE("file source: a file that was removed and made again", "[trial-runner]") {
  const testing::TempFolder folder;
  const fs::path file = folder.path() / "metrics.log";
  const auto source = OpenFileSource(file);
  Write(file, "abc");
  CHECK(ReadFrom(*source, 0) == "abc");
  fs::remove(file);
  Write(file, "xyz");  // of the same length
  CHECK(Has(ReadFrom(*source, 3), "another file has the place of"));
  CHECK(ReadFrom(*source, 0) == "xyz");
}

TEST_CASE("file source: growth is told for the trial, while the source is there",
          "[trial-runner]") {
  const testing::TempFolder folder;
  const fs::path file = folder.path() / "metrics.log";
  std::atomic<int> told = 0;
  const auto watch = std::make_shared<FileWatch>(
      [&](const TrialId& trial) { told += trial == TrialId{{"e"}, 7} ? 1 : 1000; });
  auto source = OpenFileSource(file, {.watch = watch, .trial = {{"e"}, 7}});
  Write(file, "a");
  CHECK(ReadFrom(*source, 0) == "a");
  auto second = OpenFileSource(file, {.watch = watch, .trial = {{"e"}, 7}});
  CHECK(ReadFrom(*second, 0) == "a");
  source.reset();
  for (int round = 1; round <= 3; ++round) {
    const int before = told;
    Append(file, "b");
    REQUIRE(testing::Eventually([&] { return told > before; }));
  }
  CHECK(told < 1000);
  second.reset();
  watch->Stop();
  const int before = told;
  Append(file, "c");
  CHECK(told == before);
}

}  // namespace
}  // namespace hone::local
