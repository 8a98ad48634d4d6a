// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/tailer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>

#include "base/rng.h"
#include "tests/catch.h"
#include "tests/metrics-collector/records.h"

namespace hone {
namespace {

using Strings = std::vector<std::string>;

/// A log in memory that other code may make longer. Gives at most `most` bytes a read.
struct Log {
  std::string bytes;
  std::size_t most = std::string::npos;
  bool broken = false;
  bool cut = false;  // other bytes have taken the place of those read so far
};

class LogSource final : public ByteSource {
 public:
  explicit LogSource(Log& log) : log_(log) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    if (log_.broken) {
      return Fail(Code::kUnavailable, "broken");
    }
    if (log_.cut) {
      log_.cut = false;
      return Fail(Code::kOutOfRange, "the log was cut");
    }
    if (offset >= log_.bytes.size()) {
      return 0;
    }
    const std::string part = log_.bytes.substr(offset, std::min<std::uint64_t>(limit, log_.most));
    out += part;
    return part.size();
  }

 private:
  Log& log_;
};

std::unique_ptr<MetricParser> LossParser() {
  CollectorSpec collector;
  Objective objective;
  objective.metric = "loss";
  return std::move(MakeParser(collector, objective)).value();
}

/// Everything that is in the log, in as many steps as it takes.
Strings ReadAll(Tailer& tailer, bool final) {
  std::vector<MetricRecord> records;
  TailStep step;
  do {
    step = tailer.Step(final).value();
    records.insert(records.end(), step.records.begin(), step.records.end());
  } while (!step.at_end);
  return test::Show(records);
}

Strings ReadLog(Log& log, bool final = true) {
  const auto parser = LossParser();
  Tailer tailer(std::make_unique<LogSource>(log), *parser, 0);
  return ReadAll(tailer, final);
}

/// A log whose middle was cut out; Read stops at the gap.
class CutSource final : public ByteSource {
 public:
  CutSource(std::string head, std::uint64_t gap, std::string tail)
      : head_(std::move(head)), behind_(head_.size() + gap), tail_(std::move(tail)) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    const bool before = offset < behind_;
    const std::string& part = before ? head_ : tail_;
    const std::uint64_t at = before ? offset : offset - behind_;
    if (at >= part.size()) {
      return 0;
    }
    const std::string bytes = part.substr(at, limit);
    out += bytes;
    return bytes.size();
  }
  Result<std::uint64_t> SkipGap(std::uint64_t offset) override {
    return offset >= head_.size() && offset < behind_ ? behind_ : offset;
  }

 private:
  std::string head_;
  std::uint64_t behind_;
  std::string tail_;
};

TEST_CASE("tailer: goes on behind a gap, and half a line before it is no value",
          "[metrics-collector]") {
  const auto parser = LossParser();
  Tailer tailer(
      std::make_unique<CutSource>("loss=1\nloss=0.12", std::uint64_t{1} << 40, "loss=2\nloss=3\n"),
      *parser, 0);
  CHECK(ReadAll(tailer, true) == Strings{"loss=1", "loss=2", "loss=3"});
}

TEST_CASE("tailer: lines give their records once", "[metrics-collector]") {
  struct Case {
    std::string name;
    std::string bytes;
    bool final;
    Strings want;
  };
  const std::vector<Case> cases = {
      {"two lines", "loss=1\nloss=2\n", false, {"loss=1", "loss=2"}},
      {"an unfinished line waits", "loss=1\nloss=2", false, {"loss=1"}},
      {"an unfinished last line counts at the end", "loss=1\nloss=2", true, {"loss=1", "loss=2"}},
      {"CR LF", "loss=1\r\nloss=2\r\n", false, {"loss=1", "loss=2"}},
      {"CR inside a line of normal length is part of it",
       "loss=1\rloss=2\n",
       false,
       {"loss=1", "loss=2"}},
      {"empty", "", true, {}},
      {"blank lines", "\n\n\nloss=1\n\n", true, {"loss=1"}},
      {"rubbish", std::string("\0\xff\xfe\x01\nloss=1\n", 12), true, {"loss=1"}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Log log{c.bytes};
      CHECK(ReadLog(log, c.final) == c.want);
    }
  }
}

TEST_CASE("tailer: a growing log is followed", "[metrics-collector]") {
  const auto parser = LossParser();
  Log log;
  Tailer tailer(std::make_unique<LogSource>(log), *parser, 0);
  CHECK(ReadAll(tailer, false).empty());
  log.bytes += "loss=0.";
  CHECK(ReadAll(tailer, false).empty());
  log.bytes += "5\nlo";
  CHECK(ReadAll(tailer, false) == Strings{"loss=0.5"});
  log.bytes += "ss=2";
  CHECK(ReadAll(tailer, true) == Strings{"loss=2"});
  CHECK(ReadAll(tailer, true).empty());
}

TEST_CASE("tailer: a cut log is read from its new beginning", "[metrics-collector]") {
  const auto parser = LossParser();
  Log log{"loss=1\nloss=0."};
  Tailer tailer(std::make_unique<LogSource>(log), *parser, 0);
  CHECK(ReadAll(tailer, false) == Strings{"loss=1"});
  log = {"2\nloss=3\n"};
  log.cut = true;
  const TailStep step = tailer.Step(true).value();
  CHECK(step.started_over == "the log was cut");
  CHECK(step.offset_before == 7);
  CHECK(step.offset_after == 0);
  CHECK_FALSE(step.at_end);
  CHECK(step.records.empty());
  // "0." of the old bytes and "2" of the new ones are no number.
  CHECK(ReadAll(tailer, true) == Strings{"loss=3"});
}

TEST_CASE("tailer: what was read before the cut counts", "[metrics-collector]") {
  const auto parser = LossParser();
  Log log{"loss=1\nloss=2\nlo", 7};
  class CutAtEnd final : public ByteSource {
   public:
    explicit CutAtEnd(Log& log) : log_(log), source_(log) {}
    Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit,
                               std::string& out) override {
      if (offset == log_.bytes.size() && !told_) {
        told_ = true;
        log_.bytes = "loss=4\n";
        return Fail(Code::kOutOfRange, "another file");
      }
      return source_.Read(offset, limit, out);
    }

   private:
    Log& log_;
    LogSource source_;
    bool told_ = false;
  };
  Tailer tailer(std::make_unique<CutAtEnd>(log), *parser, 0);
  const TailStep step = tailer.Step(false).value();
  CHECK(test::Show(step.records) == Strings{"loss=1", "loss=2"});
  CHECK(step.started_over == "another file");
  CHECK(step.offset_after == 0);
  CHECK(ReadAll(tailer, false) == Strings{"loss=4"});
}

TEST_CASE("tailer: offsets are starts of lines", "[metrics-collector]") {
  const auto parser = LossParser();
  Log log{"loss=1\nloss=2\nlo"};
  Tailer tailer(std::make_unique<LogSource>(log), *parser, 7);
  const TailStep step = tailer.Step(false).value();
  CHECK(step.offset_before == 7);
  CHECK(step.offset_after == 14);
  CHECK(test::Show(step.records) == Strings{"loss=2"});
  CHECK(step.at_end);
}

TEST_CASE("tailer: an error of the source loses nothing", "[metrics-collector]") {
  const auto parser = LossParser();
  Log log{"loss=1\n"};
  Tailer tailer(std::make_unique<LogSource>(log), *parser, 0);
  log.broken = true;
  CHECK(tailer.Step(true).error().code == Code::kUnavailable);
  log.broken = false;
  CHECK(ReadAll(tailer, true) == Strings{"loss=1"});
}

TEST_CASE("tailer: overlong lines are cut at a word's end", "[metrics-collector]") {
  struct Case {
    std::string name;
    std::string tail;
    Strings want;
  };
  // The cut comes right behind `tail`, and digits follow it.
  const std::vector<Case> cases = {
      {"half a number", " loss=0.12", {"loss=1"}},
      {"half a number after a blank", " loss = 0.12", {"loss=1"}},
      {"the sign alone", " loss=", {"loss=1"}},
      {"a number and a word", " loss=0.12 abc", {"loss=1", "loss=0.12"}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Log log{"loss=1 "};
      log.bytes.append(65536 - log.bytes.size() - c.tail.size(), 'x').append(c.tail);
      log.bytes.append(300000, '7').append("\nloss=9\n");
      Strings want = c.want;
      want.emplace_back("loss=9");
      CHECK(ReadLog(log) == want);
    }
  }
}

TEST_CASE("tailer: a progress bar without line feeds loses no report", "[metrics-collector]") {
  Log log;
  Strings want;
  for (int i = 0; i < 20000; ++i) {
    log.bytes += "\r 50%|#####     | loss=" + std::to_string(i);
    want.push_back("loss=" + std::to_string(i));
  }
  REQUIRE(log.bytes.size() > 300000);
  CHECK(ReadLog(log) == want);
}

TEST_CASE("tailer: neither the size of reads nor restarts change the records",
          "[metrics-collector]") {
  const auto parser = LossParser();
  constexpr std::array<std::string_view, 8> kPieces = {"loss=1",    "\n",   "\r",  "\r\n",
                                                       " loss=22 ", "\xff", "abc", "loss=3\n"};
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    Rng rng(seed, Scope::Experiment(), Purpose::kSimulation);
    Log log;
    while (log.bytes.size() < 200000) {
      if (rng.Below(4000) == 0) {
        log.bytes.append(rng.Below(100000), 'y');
      }
      log.bytes += kPieces.at(rng.Below(kPieces.size()));
    }
    const Strings want = ReadLog(log);
    log.most = 1 + rng.Below(5000);
    CHECK(ReadLog(log) == want);

    // The log arrives in parts, and each time another tailer goes on.
    Log growing;
    Strings got;
    std::uint64_t offset = 0;
    while (growing.bytes.size() < log.bytes.size()) {
      growing.bytes = log.bytes.substr(0, growing.bytes.size() + 1 + rng.Below(40000));
      Tailer tailer(std::make_unique<LogSource>(growing), *parser, offset);
      const bool final = growing.bytes.size() == log.bytes.size();
      const TailStep step = tailer.Step(final).value();
      const Strings records = test::Show(step.records);
      got.insert(got.end(), records.begin(), records.end());
      offset = step.offset_after;
    }
    CHECK(got == want);
  }
}

/// 200 MB made on the fly, so that the memory of the test says something about the tailer.
class Endless final : public ByteSource {
 public:
  explicit Endless(std::string piece) : piece_(std::move(piece)) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    constexpr std::uint64_t kSize = 200'000'000;
    const std::uint64_t count = offset >= kSize ? 0 : std::min(limit, kSize - offset);
    const std::uint64_t end = out.size() + count;
    while (out.size() < end) {
      out.append(piece_, 0, end - out.size());
    }
    return count;
  }

 private:
  std::string piece_;
};

TEST_CASE("tailer: speed on 200 MB", "[.speed]") {
  const auto parser = LossParser();
  const std::vector<std::pair<std::string, std::string>> inputs = {
      {"one line of x", std::string(1000, 'x')},
      {"lines of 80 bytes that match nothing", std::string(79, 'x') + "\n"},
      {"lines of 80 bytes that name the metric", "loss " + std::string(74, 'x') + "\n"},
      {"lines of 80 bytes with a value", "loss=0.25 " + std::string(69, 'x') + "\n"},
      {"progress bar without line feed", "\r 50%|####    | loss=0.25"},
  };
  for (const auto& [name, piece] : inputs) {
    Tailer tailer(std::make_unique<Endless>(piece), *parser, 0);
    const auto begin = std::chrono::steady_clock::now();
    std::size_t records = 0;
    TailStep step;
    do {
      step = tailer.Step(true).value();
      records += step.records.size();
    } while (!step.at_end);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    WARN(name << ": " << 200 / seconds.count() << " MB/s, " << records << " records");
  }
}

}  // namespace
}  // namespace hone
