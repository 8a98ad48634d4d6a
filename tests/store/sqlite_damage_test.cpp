// SPDX-License-Identifier: Apache-2.0
// One changed byte, or an end cut off, anywhere in the files of a store: what is read is right, or
// an error of type kDataLoss is told.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

#include "store/sqlite/sqlite_store.h"
#include "tests/catch.h"
#include "tests/store/harness.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using test::AppendNow;
using test::Bytes;
using test::CreateStep;
using test::IdOf;
using test::kAll;
using test::NextStep;
using test::RecordNow;
using test::SqliteHarness;
using test::TempFolder;

constexpr std::size_t kPage = 4096;
constexpr int kExperiments = 2;

/// All that a store answers.
struct Answers {
  std::vector<ExperimentRow> experiments;
  std::vector<TrialRow> trials;
  std::vector<Recorded> events;
  std::vector<OutboxItem> outbox;
  std::vector<StoredRecord> records;
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> texts;
  bool operator==(const Answers&) const = default;
};

template <class T>
void AddAll(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

Status AddExperiment(Store& store, int n, Answers& to) {
  HONE_ASSIGN_OR_RETURN(const auto row, store.FindExperiment("default", "x" + std::to_string(n)));
  HONE_ASSIGN_OR_RETURN(const auto trials, store.ListTrials(row.id));
  HONE_ASSIGN_OR_RETURN(const auto events, store.Read(row.id, 0, kAll));
  HONE_ASSIGN_OR_RETURN(const auto outbox, store.ReadOutbox(row.id));
  HONE_ASSIGN_OR_RETURN(const auto snapshot, store.ReadSnapshot(row.id));
  HONE_ASSIGN_OR_RETURN(const auto offset, store.OffsetOf({row.id, 1}, 1, "output"));
  HONE_ASSIGN_OR_RETURN(const auto records, store.ReadRecords({row.id, 1}, 0, ""));
  to.experiments.push_back(row);
  AddAll(to.trials, trials);
  AddAll(to.events, events);
  AddAll(to.outbox, outbox);
  AddAll(to.records, records);
  to.numbers.push_back(offset);
  to.texts.push_back(snapshot ? snapshot->second : "none");
  return {};
}

Result<Answers> ReadEverything(Store& store) {
  Answers answers;
  HONE_ASSIGN_OR_RETURN(answers.experiments, store.ListExperiments());
  for (int n = 1; n <= kExperiments; ++n) {
    HONE_RETURN_IF_ERROR(AddExperiment(store, n, answers));
  }
  HONE_ASSIGN_OR_RETURN(const auto positioned, store.ReadAll(0, kAll));
  for (const Positioned& event : positioned) {
    answers.numbers.push_back(event.position);
    answers.texts.push_back(event.experiment.text);
    answers.events.push_back(event.recorded);
  }
  HONE_ASSIGN_OR_RETURN(const auto requests, store.OpenRequests());
  for (const Request& request : requests) {
    answers.texts.push_back(request.kind + request.payload);
  }
  return answers;
}

Result<Answers> OpenAndRead(const fs::path& file, bool read_only = true) {
  SqliteOptions options;
  options.read_only = read_only;
  HONE_ASSIGN_OR_RETURN(const auto store, SqliteStore::Create(file, options));
  return ReadEverything(*store);
}

void Fill(SqliteHarness& h) {
  for (int n = 1; n <= kExperiments; ++n) {
    REQUIRE(AppendNow(h, CreateStep(n)));
    for (Version v = 1; v < 61; v += 3) {
      REQUIRE(AppendNow(h, NextStep(n, v, 3)));
    }
    REQUIRE(RecordNow(h, test::BatchOf(n, 1, 0, 150)));
  }
  LedgerStep large = NextStep(1, 61);
  large.outbox = {std::string(20'000, 'c')};  // goes over several pages
  REQUIRE(AppendNow(h, large));
  REQUIRE(h.store().WriteSnapshot(IdOf(1), 3, std::string(9'000, 's')));
  REQUIRE(h.store().PostRequest("stop", "{}"));
}

/// The files of a store, in memory and in a folder of their own, to be damaged.
class Victim {
 public:
  /// @param ended  the engine ended well; else it was killed
  explicit Victim(bool ended) {
    const TempFolder source;
    auto h = std::make_unique<SqliteHarness>(source.File());
    Fill(*h);
    right_ = ReadEverything(h->store()).value();
    if (ended) {
      h.reset();
    }
    for (const char* name : {"hone.db", "hone.db-wal", "hone.db-last"}) {
      if (fs::exists(source.File(name))) {
        sound_.emplace_back(name, Bytes(source.File(name)));
      }
    }
    Restore();
  }

  [[nodiscard]] const Answers& right() const { return right_; }
  [[nodiscard]] fs::path File(const char* name = "hone.db") const { return folder_.File(name); }
  [[nodiscard]] const std::string& SoundBytes(const std::string& name) const {
    return std::ranges::find(sound_, name, &std::pair<std::string, std::string>::first)->second;
  }
  void Restore() const {
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      fs::remove(entry);
    }
    for (const auto& [name, bytes] : sound_) {
      std::ofstream(File(name.c_str()), std::ios::binary) << bytes;
    }
  }
  /// Changes a byte; the same mask changes it back.
  void Flip(const char* name, std::size_t at, unsigned char mask) const {
    std::fstream file(File(name), std::ios::in | std::ios::out | std::ios::binary);
    const auto changed = static_cast<unsigned char>(SoundBytes(name)[at]) ^ mask;
    file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(changed));
  }
  /// An opening of damaged files: right, or a typed error. @returns whether the damage was told,
  /// by what was read or by the check of all that `hone doctor` makes
  bool Check(bool read_only = true) const {
    fs::remove(File("hone.db-shm"));  // a machine that starts anew has none
    const auto answers = OpenAndRead(File(), read_only);
    if (!answers) {
      INFO(answers.error().Text());
      REQUIRE(answers.error().code == Code::kDataLoss);
      return true;
    }
    REQUIRE((*answers == right_));
    SqliteOptions options;
    options.read_only = true;
    const Status whole = SqliteStore::Create(File(), options).value()->CheckIntegrity();
    REQUIRE((whole || whole.error().code == Code::kDataLoss));
    return !whole;
  }

 private:
  TempFolder folder_;
  Answers right_;
  std::vector<std::pair<std::string, std::string>> sound_;
};

/// Bytes of a file to try: all of its head, and every `stride`th of the rest.
std::vector<std::size_t> Places(std::size_t size, std::size_t head, std::size_t stride) {
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < size; at += at < head ? 1 : stride) {
    places.push_back(at);
  }
  return places;
}

unsigned char MaskAt(std::size_t at) {
  return at % 9 == 8 ? 0xff : static_cast<unsigned char>(1U << (at % 9));
}

/// @returns how many changes were noticed
std::size_t FlipEach(const Victim& victim, const char* name,
                     const std::vector<std::size_t>& places) {
  std::size_t noticed = 0;
  for (const std::size_t at : places) {
    CAPTURE(name, at);
    victim.Flip(name, at, MaskAt(at));
    noticed += victim.Check() ? 1 : 0;
    victim.Flip(name, at, 0);
  }
  return noticed;
}

TEST_CASE("damage: any changed byte of the data file is noticed", "[store][slow]") {
  const Victim victim(true);
  REQUIRE_FALSE(victim.Check());
  REQUIRE(test::RawSql(victim.File(), "PRAGMA freelist_count") == "0");
  const auto places = Places(victim.SoundBytes("hone.db").size(), 200, 61);
  REQUIRE(FlipEach(victim, "hone.db", places) == places.size());
}

TEST_CASE("damage: any changed byte of the log of a killed engine is noticed", "[store][slow]") {
  const Victim victim(false);
  REQUIRE_FALSE(victim.Check());
  REQUIRE(victim.SoundBytes("hone.db-wal").size() > 40 * kPage);
  const auto& log = victim.SoundBytes("hone.db-wal");
  const auto places = Places(log.size(), 90, 401);
  const std::size_t noticed = FlipEach(victim, "hone.db-wal", places);
  REQUIRE(noticed == places.size());
  for (std::size_t at = log.size() - kPage - 24; at < log.size(); at += 97) {
    CAPTURE(at);
    victim.Flip("hone.db-wal", at, 0x10);
    REQUIRE(victim.Check());  // also the last commit
    victim.Flip("hone.db-wal", at, 0);
  }
}

TEST_CASE("damage: an engine that opens damaged files tells, and writes nothing wrong",
          "[store][slow]") {
  for (const bool ended : {true, false}) {
    const Victim victim(ended);
    const char* name = ended ? "hone.db" : "hone.db-wal";
    for (const std::size_t at : Places(victim.SoundBytes(name).size(), 0, 5003)) {
      CAPTURE(name, at);
      victim.Flip(name, at, MaskAt(at));
      victim.Check(false);
      victim.Restore();
    }
  }
}

TEST_CASE("damage: any end that is cut off is noticed", "[store][slow]") {
  for (const bool ended : {true, false}) {
    const Victim victim(ended);
    const char* name = ended ? "hone.db" : "hone.db-wal";
    const std::size_t size = victim.SoundBytes(name).size();
    for (std::size_t kept = 0; kept < size; kept += kept < 120 ? 1 : 1023) {
      CAPTURE(name, kept);
      fs::resize_file(victim.File(name), kept);
      REQUIRE(victim.Check());
      victim.Restore();
    }
  }
}

TEST_CASE("damage: a lost log, an older file, and a changed number beside it", "[store]") {
  const Victim victim(false);
  SECTION("lost log") {
    fs::remove(victim.File("hone.db-wal"));
    REQUIRE(victim.Check());
  }
  SECTION("older file") {
    {
      const TempFolder other;
      { const SqliteHarness h(other.File()); }
      fs::remove(victim.File("hone.db-wal"));
      fs::copy_file(other.File(), victim.File(), fs::copy_options::overwrite_existing);
    }
    const auto answer = OpenAndRead(victim.File());
    REQUIRE(answer.error().code == Code::kDataLoss);
    REQUIRE(answer.error().message.find("remove") != std::string::npos);  // what to do
    fs::remove(victim.File("hone.db-last"));
    REQUIRE(SqliteStore::Create(victim.File(), {}));
  }
  SECTION("changed number") {
    REQUIRE(FlipEach(victim, "hone.db-last",
                     Places(victim.SoundBytes("hone.db-last").size(), 100, 1)) == 30);
  }
  SECTION("a number that never reached the disk") {
    for (const std::size_t zeros : {std::size_t{0}, std::size_t{30}}) {
      std::ofstream(victim.File("hone.db-last"), std::ios::binary) << std::string(zeros, '\0');
      REQUIRE_FALSE(victim.Check());
    }
  }
}

TEST_CASE("damage: exchanged pages are noticed", "[store]") {
  const Victim victim(true);
  std::string bytes = victim.SoundBytes("hone.db");
  const auto page = [](const char* table) {
    return std::string("SELECT pageno FROM dbstat WHERE name = '") + table +
           "' AND pagetype = 'leaf' ORDER BY pageno DESC";
  };
  const auto one = std::stoul(test::RawSql(victim.File(), page("events")));
  const auto two = std::stoul(test::RawSql(victim.File(), page("observations")));
  std::swap_ranges(bytes.data() + (one - 1) * kPage, bytes.data() + one * kPage,
                   bytes.data() + (two - 1) * kPage);
  std::ofstream(victim.File(), std::ios::binary) << bytes;
  const auto answer = OpenAndRead(victim.File());
  REQUIRE(answer.error().code == Code::kDataLoss);
  INFO(answer.error().message);
  REQUIRE(answer.error().message.find("page ") != std::string::npos);
  REQUIRE(answer.error().message.find(victim.File().string()) != std::string::npos);
  REQUIRE(answer.error().message.find("backup") != std::string::npos);
}

TEST_CASE("damage: sqlite3 may read, and copy the log back", "[store]") {
  const Victim victim(false);
  REQUIRE(test::PlainSql(victim.File(), "SELECT count(*) FROM experiments") == "2");
  REQUIRE_FALSE(fs::exists(victim.File("hone.db-wal")));
  REQUIRE_FALSE(victim.Check());
  REQUIRE_FALSE(victim.Check(false));
}

TEST_CASE("damage: a file of the first schema gets checksums when an engine opens it", "[store]") {
  const Victim victim(true);
  const TempFolder folder;
  test::MakeFirstSchema(folder.File(), victim.File());
  REQUIRE(test::PlainSql(folder.File(), "PRAGMA user_version") == "1");
  REQUIRE(OpenAndRead(folder.File()).error().code == Code::kFailedPrecondition);  // a guest waits
  REQUIRE((OpenAndRead(folder.File(), false).value() == victim.right()));
  REQUIRE((OpenAndRead(folder.File()).value() == victim.right()));
  std::string bytes = Bytes(folder.File());
  REQUIRE(bytes[20] == 8);
  bytes[bytes.find("TrialLaunched") + 3] ^= 1;
  std::ofstream(folder.File(), std::ios::binary) << bytes;
  REQUIRE(OpenAndRead(folder.File()).error().code == Code::kDataLoss);
}

}  // namespace
}  // namespace hone
