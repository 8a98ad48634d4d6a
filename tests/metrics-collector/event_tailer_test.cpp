// SPDX-License-Identifier: Apache-2.0
// Event files that the real packages wrote (make_event_files.py), whole, growing and damaged.
#include "metrics-collector/event_tailer.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <memory>

#include "base/file.h"
#include "tests/catch.h"
#include "tests/metrics-collector/records.h"
#include "tests/paths.h"

namespace hone {
namespace {

using Strings = std::vector<std::string>;

std::string Stored(const std::string& name) {
  const auto bytes = ReadFile(test::SourceFolder() / "tests/metrics-collector/data" / name);
  REQUIRE(bytes.has_value());
  return *bytes;
}

std::string Scalars() {
  return Stored("validation/events.out.tfevents.1");
}

/// A file in memory of which the first `shown` bytes are there.
struct File {
  std::string bytes;
  std::size_t shown = std::string::npos;
  std::size_t most = std::string::npos;  // a read gives
  bool cut = false;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(File& file) : file_(file) {}
  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    const std::string_view there = std::string_view(file_.bytes).substr(0, file_.shown);
    if (std::exchange(file_.cut, false)) {
      return Fail(Code::kOutOfRange, "the log was cut");
    }
    if (offset >= there.size()) {
      return 0;
    }
    const std::string_view part = there.substr(offset, std::min<std::uint64_t>(limit, file_.most));
    out += part;
    return part.size();
  }

 private:
  File& file_;
};

EventTailer Follow(File& file, const Strings& metrics, const std::string& folder = "/logs",
                   std::uint64_t offset = 0) {
  return {std::make_unique<FileSource>(file), EventMetrics(metrics, folder), offset};
}

struct Read {
  Strings shown;
  Strings damaged;
  std::vector<double> steps;
  std::uint64_t offset = 0;
};

/// Steps until nothing more is there.
Read ReadAll(EventTailer& tailer, bool final) {
  Read read;
  for (bool at_end = false; !at_end;) {
    const auto step = tailer.Step(final);
    REQUIRE(step.has_value());
    for (const std::string& text : test::Show(step->records)) {
      read.shown.push_back(text);
    }
    for (const MetricRecord& record : step->records) {
      read.steps.push_back(record.step.value_or(-1));
    }
    if (!step->damaged.empty()) {
      read.damaged.push_back(step->damaged);
    }
    read.offset = step->offset_after;
    at_end = step->at_end;
  }
  return read;
}

Read ReadWhole(std::string bytes, const Strings& metrics, const std::string& folder = "/logs") {
  File file{std::move(bytes)};
  EventTailer tailer = Follow(file, metrics, folder);
  return ReadAll(tailer, true);
}

const Strings kAccuracy = {
    "accuracy=0.1@2023-11-14T22:13:20.250000Z", "accuracy=0.5@2023-11-14T22:13:21.250000Z",
    "accuracy=nan@2023-11-14T22:13:22.250000Z", "accuracy=0.75@2023-11-14T22:13:23.250000Z"};

TEST_CASE("event files: tensorboardX's simple values with step and time", "[metrics-collector]") {
  const Read read = ReadWhole(Scalars(), {"accuracy"});
  CHECK(read.shown == kAccuracy);
  CHECK(read.steps == std::vector<double>{0, 1, 2, 3});
  CHECK(read.damaged.empty());
  CHECK(read.offset == Scalars().size());
}

TEST_CASE("event files: tensorboard's tensors of four types; another plugin's is no scalar",
          "[metrics-collector]") {
  const Read read = ReadWhole(Stored("train/events.out.tfevents.2"), {"loss"});
  CHECK(read.shown ==
        Strings{"loss=2.5@2023-11-14T22:13:20.000000Z", "loss=1.5@2023-11-14T22:13:21.000000Z",
                "loss=0@2023-11-14T22:13:22.000000Z", "loss=0@2023-11-14T22:13:23.000000Z"});
  CHECK(read.steps == std::vector<double>{0, 10, 20, 30});
  CHECK(read.damaged.empty());
}

TEST_CASE("event files: a metric names tag and folder", "[metrics-collector]") {
  struct Case {
    std::string metric;
    std::string folder;
    std::string tag;
    bool same;
  };
  const std::vector<Case> cases = {
      {"acc", "/logs/any", "acc", true},
      {"acc", "/logs/any", "acc_1", true},
      {"acc", "/logs/any", "acc_top5", false},
      {"acc_1", "/logs/any", "acc_1", true},
      {"acc_1", "/logs/any", "acc_2", false},
      {"validation/acc", "/logs/validation", "acc", true},
      {"validation/acc", "/logs/validation/", "acc", true},
      {"validation/acc", "validation", "acc", true},
      {"validation/acc", "/logs/train", "acc", false},
      {"validation/acc", "/logs/cross-validation", "acc", false},
      {"logs/validation/acc", "/logs/validation", "acc", true},
      {"validation/acc", "/logs", "validation/acc", true},
      {"validation/acc", "/logs/validation", "validation/acc", true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.metric, c.folder, c.tag);
    std::vector<MetricRecord> out;
    EventMetrics({c.metric}, c.folder).Add(c.tag, {"", "1", {}, {}}, out);
    CHECK(test::Show(out) == (c.same ? Strings{c.metric + "=1"} : Strings{}));
  }
}

TEST_CASE("event files: a growing file gives each record once, when it is whole",
          "[metrics-collector]") {
  File file{Scalars(), 0};
  EventTailer tailer = Follow(file, {"accuracy"});
  Strings shown;
  for (; file.shown <= file.bytes.size(); ++file.shown) {
    const Read read = ReadAll(tailer, false);
    shown.insert(shown.end(), read.shown.begin(), read.shown.end());
    CHECK(read.damaged.empty());
    File again = file;  // another reader goes on from here
    again.shown = std::string::npos;
    EventTailer next = Follow(again, {"accuracy"}, "/logs", read.offset);
    Strings both = shown;
    const Read rest = ReadAll(next, true);
    both.insert(both.end(), rest.shown.begin(), rest.shown.end());
    CHECK(both == kAccuracy);
  }
  CHECK(shown == kAccuracy);
}

TEST_CASE("event files: a file cut short tells it once, at its end only", "[metrics-collector]") {
  File file{Scalars()};
  file.shown = file.bytes.size() - 1;
  EventTailer tailer = Follow(file, {"accuracy"});
  CHECK(ReadAll(tailer, false).damaged.empty());
  CHECK(ReadAll(tailer, true).damaged.size() == 1);
  CHECK(ReadAll(tailer, true).damaged.empty());
}

TEST_CASE("event files: every flipped bit loses its own record or the rest, and is told",
          "[metrics-collector]") {
  const std::string whole = Scalars();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 4);
    const Read read = ReadWhole(std::move(bytes), {"accuracy"});
    CAPTURE(i);
    CHECK(read.damaged.size() == 1);
    CHECK(std::ranges::includes(
        kAccuracy, read.shown, {},
        [](const std::string& text) { return text.substr(text.find('@')); },
        [](const std::string& text) { return text.substr(text.find('@')); }));
  }
}

/// A frame with right checksums.
std::string Frame(const std::string& data) {
  const auto sum = [](std::string_view bytes) {
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
    crc.process_bytes(bytes.data(), bytes.size());
    const std::uint32_t value = crc.checksum();
    const std::uint32_t masked = ((value >> 15U) | (value << 17U)) + 0xa282ead8U;
    return std::string(reinterpret_cast<const char*>(&masked), sizeof masked);
  };
  const std::uint64_t length = data.size();
  const std::string head(reinterpret_cast<const char*>(&length), sizeof length);
  return head + sum(head) + data + sum(data);
}

TEST_CASE("event files: a long record is skipped, one that is no message is told",
          "[metrics-collector]") {
  const Read after_long = ReadWhole(Frame(std::string(3'000'000, 'x')) + Scalars(), {"accuracy"});
  CHECK(after_long.shown == kAccuracy);
  CHECK(after_long.damaged.empty());
  for (const std::string& data : Strings{"\x2a\x7f", "\x0b", std::string(20, '\xff'), "\x09zz"}) {
    const Read read = ReadWhole(Frame(data) + Scalars(), {"accuracy"});
    CHECK(read.shown == kAccuracy);
    CHECK(read.damaged == Strings{"at byte 0: a record is no event: it is left out"});
  }
}

TEST_CASE("event files: one that was replaced is read from its beginning", "[metrics-collector]") {
  File file{Scalars()};
  EventTailer tailer = Follow(file, {"accuracy"});
  static_cast<void>(ReadAll(tailer, false));
  file.cut = true;
  const auto step = tailer.Step(false);
  REQUIRE(step.has_value());
  CHECK(step->started_over == "the log was cut");
  CHECK(step->offset_after == 0);
  CHECK(ReadAll(tailer, false).shown == kAccuracy);
}

TEST_CASE("event files: their names", "[metrics-collector]") {
  CHECK(IsEventFile("/a/events.out.tfevents.1700.host.v2"));
  CHECK_FALSE(IsEventFile("/tfevents/checkpoint"));
}

}  // namespace
}  // namespace hone
