// SPDX-License-Identifier: Apache-2.0
// Opening: what is refused, and that a refused file keeps its bytes.
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <vector>

#include "store/sqlite/sqlite_store.h"
#include "tests/catch.h"
#include "tests/store/harness.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using store::Migration;
using test::AppendNow;
using test::Bytes;
using test::CreateStep;
using test::RawSql;
using test::SqliteHarness;
using test::TempFolder;

void WriteBytes(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

void MakeStore(const fs::path& file, int experiments = 1) {
  SqliteHarness h(file);
  for (int n = 1; n <= experiments; ++n) {
    REQUIRE(AppendNow(h, CreateStep(n)));
  }
}

Code RefusalOf(const fs::path& file, const SqliteOptions& options = {}) {
  const auto opened = SqliteStore::Create(file, options);
  return opened ? test::kOk : opened.error().code;
}

/// The released migrations and more.
std::vector<Migration> And(std::initializer_list<Migration> more) {
  const auto released = store::SqliteMigrations();
  std::vector<Migration> all(released.begin(), released.end());
  all.insert(all.end(), more);
  return all;
}

SqliteOptions With(const std::vector<Migration>& migrations) {
  SqliteOptions options;
  options.migrations = migrations;
  return options;
}

const std::size_t kReleased = store::SqliteMigrations().size();
const Migration kColour{static_cast<int>(kReleased) + 1, "9999_colour",
                        "ALTER TABLE models ADD COLUMN colour TEXT"};

TEST_CASE("sqlite: the file says what it is", "[store]") {
  const TempFolder folder;
  MakeStore(folder.File());
  REQUIRE(RawSql(folder.File(), "PRAGMA application_id") == "1752133221");  // "hone"
  REQUIRE(RawSql(folder.File(), "PRAGMA user_version") == std::to_string(kReleased));
  REQUIRE(RawSql(folder.File(), "PRAGMA journal_mode") == "wal");
  REQUIRE(RawSql(folder.File(), "SELECT name || checksum FROM migrations ORDER BY number") ==
          "0001_initial" + store::Checksum(store::SqliteMigrations()[0].sql));
  REQUIRE_FALSE(fs::exists(folder.File("hone.db-wal")));  // a clean end leaves one file
}

TEST_CASE("sqlite: refuses what it must not touch, and leaves its bytes", "[store]") {
  struct Row {
    const char* name;
    Code code;
    void (*make)(const fs::path& file);
  };
  const Row rows[] = {
      {"newer version", Code::kFailedPrecondition,
       [](const fs::path& file) {
         MakeStore(file);
         RawSql(file, "PRAGMA user_version = " + std::to_string(kReleased + 1));
       }},
      {"changed migration", Code::kFailedPrecondition,
       [](const fs::path& file) {
         MakeStore(file);
         RawSql(file, "UPDATE migrations SET checksum = '00000000'");
       }},
      {"another program's database", Code::kFailedPrecondition,
       [](const fs::path& file) {
         RawSql(file, "CREATE TABLE t (x)");
         RawSql(file, "PRAGMA application_id = 77");
       }},
      {"a database of nobody", Code::kFailedPrecondition,
       [](const fs::path& file) { RawSql(file, "CREATE TABLE t (x)"); }},
      {"a text", Code::kFailedPrecondition,
       [](const fs::path& file) { WriteBytes(file, "dear diary\n"); }},
      {"a long text", Code::kFailedPrecondition,
       [](const fs::path& file) { WriteBytes(file, std::string(9000, 'x')); }},
      {"damaged tables", Code::kDataLoss,
       [](const fs::path& file) {
         MakeStore(file);
         std::string bytes = Bytes(file);
         bytes.replace(100, 3996, 3996, '\x5a');
         WriteBytes(file, bytes);
       }},
  };
  for (const bool read_only : {false, true}) {
    for (const Row& row : rows) {
      DYNAMIC_SECTION(row.name << (read_only ? ", as a guest" : "")) {
        const TempFolder folder;
        row.make(folder.File());
        const std::string before = Bytes(folder.File());
        SqliteOptions options;
        options.read_only = read_only;
        REQUIRE(RefusalOf(folder.File(), options) == row.code);
        REQUIRE(Bytes(folder.File()) == before);
      }
    }
  }
}

TEST_CASE("sqlite: a newer version that is still in the write-ahead log is refused", "[store]") {
  const TempFolder folder;
  const TempFolder copy;
  {
    SqliteHarness h(folder.File());  // keeps the log from being copied back
    RawSql(folder.File(), "PRAGMA user_version = 9");
    fs::copy(folder.File(), copy.File());
    fs::copy(folder.File("hone.db-wal"), copy.File("hone.db-wal"));
  }
  const std::string before = Bytes(copy.File()) + Bytes(copy.File("hone.db-wal"));
  REQUIRE(RefusalOf(copy.File()) == Code::kFailedPrecondition);
  REQUIRE(Bytes(copy.File()) + Bytes(copy.File("hone.db-wal")) == before);
}

TEST_CASE("sqlite: paths that do not work are named", "[store]") {
  const TempFolder folder;
  REQUIRE(RefusalOf(folder.File("no/such/folder.db")) == Code::kNotFound);
  SqliteOptions guest;
  guest.read_only = true;
  REQUIRE(RefusalOf(folder.File("none.db"), guest) == Code::kNotFound);
  REQUIRE_FALSE(fs::exists(folder.File("none.db")));
  fs::create_directory(folder.File("folder.db"));
  REQUIRE(RefusalOf(folder.File("folder.db")) == Code::kPermissionDenied);
}

TEST_CASE("sqlite: an empty file, and one that died before its tables, become stores", "[store]") {
  const TempFolder folder;
  WriteBytes(folder.File("empty.db"), "");
  MakeStore(folder.File("empty.db"));
  RawSql(folder.File("early.db"), "PRAGMA journal_mode = WAL");
  MakeStore(folder.File("early.db"));
}

TEST_CASE("sqlite: an older file is brought up to date with its data", "[store]") {
  const TempFolder folder;
  MakeStore(folder.File(), 3);
  const std::vector<Migration> newer = And({kColour});

  SqliteOptions guest = With(newer);
  guest.read_only = true;
  REQUIRE(RefusalOf(folder.File(), guest) == Code::kFailedPrecondition);  // guests do not migrate
  {
    SqliteHarness h(folder.File(), With(newer));
    REQUIRE(h.store().ListExperiments().value().size() == 3);
    REQUIRE(AppendNow(h, CreateStep(4)));
  }
  REQUIRE(RawSql(folder.File(), "SELECT count(colour) FROM models") == "0");
  REQUIRE(RawSql(folder.File(), "SELECT count(*) FROM migrations") == std::to_string(newer.size()));
  REQUIRE(RawSql(folder.File(), "PRAGMA user_version") == std::to_string(newer.size()));
  REQUIRE(RefusalOf(folder.File(), guest) == test::kOk);
  REQUIRE(RefusalOf(folder.File()) == Code::kFailedPrecondition);  // the older program
}

TEST_CASE("sqlite: a migration that breaks changes nothing", "[store]") {
  const TempFolder folder;
  MakeStore(folder.File());
  const std::vector<Migration> broken =
      And({kColour, {kColour.number + 1, "9999_broken", "CREATE TABLE a (x); SELECT nonsense"}});
  REQUIRE(RefusalOf(folder.File(), With(broken)) == Code::kInternal);
  REQUIRE(RawSql(folder.File(), "PRAGMA user_version") == std::to_string(kReleased));
  REQUIRE(RawSql(folder.File(), "SELECT count(*) FROM migrations") == std::to_string(kReleased));
  REQUIRE(RawSql(folder.File(), "SELECT count(*) FROM sqlite_schema WHERE name = 'a'") == "0");
  SqliteHarness h(folder.File());
  REQUIRE(h.store().ListExperiments().value().size() == 1);
}

TEST_CASE("sqlite: a damaged page is an error where it is read, and only there", "[store]") {
  const TempFolder folder;
  {
    SqliteHarness h(folder.File());
    REQUIRE(AppendNow(h, CreateStep(1)));
    for (Version v = 1; v <= 400; ++v) {
      h.store().Append(test::NextStep(1, v), [](const Status&) {});
    }
  }
  const auto page = std::stoul(RawSql(
      folder.File(),
      "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' ORDER BY path DESC"));
  std::string bytes = Bytes(folder.File());
  bytes.replace((page - 1) * 4096, 4096, 4096, '\x5a');
  WriteBytes(folder.File(), bytes);

  SqliteHarness h(folder.File());
  REQUIRE(h.store().Read(test::IdOf(1), 0, 1000).error().code == Code::kDataLoss);
  REQUIRE(h.store().ListExperiments().value().size() == 1);
  REQUIRE(h.store().ListTrials(test::IdOf(1)).value().size() == 1);
  REQUIRE(test::CodeOf(AppendNow(h, test::NextStep(1, 401))) == Code::kDataLoss);
  REQUIRE(h.store().ListExperiments().value().at(0).version == 401);
}

TEST_CASE("sqlite: a file that was cut short ends in errors, not in a crash", "[store]") {
  const TempFolder folder;
  {
    SqliteHarness h(folder.File());
    REQUIRE(AppendNow(h, CreateStep(1)));
    for (Version v = 1; v <= 400; ++v) {
      h.store().Append(test::NextStep(1, v), [](const Status&) {});
    }
  }
  const std::string bytes = Bytes(folder.File());
  for (const std::size_t kept : {std::size_t{50}, std::size_t{4096}, bytes.size() / 2}) {
    CAPTURE(kept);
    WriteBytes(folder.File(), std::string_view(bytes).substr(0, kept));
    const auto opened = SqliteStore::Create(folder.File(), {});
    if (opened) {
      REQUIRE((*opened)->Read(test::IdOf(1), 0, 1000).error().code == Code::kDataLoss);
    } else {
      REQUIRE((opened.error().code == Code::kDataLoss ||
               opened.error().code == Code::kFailedPrecondition));
    }
  }
}

}  // namespace
}  // namespace hone
