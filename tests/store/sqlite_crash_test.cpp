// SPDX-License-Identifier: Apache-2.0
// kill -9 of a writing process at random moments: what was acknowledged is there, nothing is half.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <random>
#include <sstream>

#include "base/process.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/catch.h"
#include "tests/store/harness.h"

namespace hone {
namespace {

using test::IdOf;
using test::kAll;
using test::SqliteHarness;
using test::TempFolder;

constexpr int kEventsEach = 3;

/// The last durable version and offset that the process was told of.
struct Told {
  Version version = 0;
  std::uint64_t offset = 0;
};

Told Parse(const std::string& lines) {
  Told told;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    (line[0] == 'e' ? told.version : told.offset) = std::stoull(line.substr(1));
  }
  return told;
}

/// Reads `wanted` bytes from the pipe, kills the child, reads the rest.
std::string WatchAndKill(int fd, pid_t pid, std::size_t wanted) {
  std::string text;
  char buffer[4096];
  bool killed = false;
  while (true) {
    if (!killed && text.size() >= wanted) {
      ::kill(pid, SIGKILL);
      killed = true;
    }
    const auto n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) {
      return text;
    }
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

Told RunAndKill(const std::filesystem::path& file, std::size_t wanted) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ProcessSpec spec;
  spec.argv = {std::string(HONE_CRASH_WRITER), file.string(), "1"};
  spec.stdout_fd = write_end.get();
  spec.stderr_fd = STDERR_FILENO;
  const auto child = Spawn(spec);
  REQUIRE(child);
  write_end = UniqueFd();
  const std::string text = WatchAndKill(read_end.get(), child->pid, wanted);
  const auto end = WaitFor(*child, std::chrono::seconds(10));
  REQUIRE(end);
  REQUIRE(end->signal == SIGKILL);
  return Parse(text);
}

/// Everything of experiment 1 fits together, up to at least what was told.
Version CheckWhole(Store& store, const Told& told) {
  const auto row = store.FindExperiment("default", "x1");
  const Version version = row ? row->version : 0;
  REQUIRE(version >= told.version);
  REQUIRE((version == 0 || version % kEventsEach == 1));  // whole steps only
  const auto events = store.Read(IdOf(1), 0, kAll).value();
  REQUIRE(events.size() == version);
  for (std::size_t i = 0; i < events.size(); ++i) {
    REQUIRE(events[i].seq == i + 1);
  }
  REQUIRE(store.ListTrials(IdOf(1)).value().size() == (version > 1 ? 1 : 0));
  const auto outbox = store.ReadOutbox(IdOf(1)).value();
  REQUIRE(outbox.size() <= version / kEventsEach);
  const std::uint64_t offset = store.OffsetOf({IdOf(1), 1}, 1, "output").value();
  REQUIRE(offset >= told.offset);
  const auto records = store.ReadRecords({IdOf(1), 1}, 0, "").value();
  REQUIRE(records.size() == offset);
  for (std::size_t i = 0; i < records.size(); ++i) {
    REQUIRE(records[i].record.step == static_cast<double>(i));
  }
  return version;
}

TEST_CASE("sqlite: kill -9 loses nothing acknowledged and leaves nothing half", "[store][slow]") {
  const TempFolder folder;
  std::mt19937 random(20260101);
  Version last = 0;
  for (int round = 0; round < 25; ++round) {
    CAPTURE(round);
    const std::size_t lines = random() % 200;
    const Told told = RunAndKill(folder.File(), lines * 11);
    SqliteOptions guest;
    guest.read_only = true;
    if (const auto beside = SqliteStore::Create(folder.File(), guest); told.version > 0) {
      CheckWhole(**beside, told);  // a guest reads what a dead engine left
    }
    SqliteHarness h(folder.File());
    const Version version = CheckWhole(h.store(), told);
    REQUIRE(version >= last);
    last = version;
  }
  REQUIRE(last > 100);
  REQUIRE(test::RawSql(folder.File(), "PRAGMA integrity_check") == "ok");
}

}  // namespace
}  // namespace hone
