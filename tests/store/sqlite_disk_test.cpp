// SPDX-License-Identifier: Apache-2.0
// Disks that are full or cannot be written. Needs a small file system of its own, which only root
// may mount; elsewhere it says that it was skipped.
#include <sys/mount.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>

#include "store/sqlite/sqlite_store.h"
#include "tests/catch.h"
#include "tests/store/harness.h"

namespace hone {
namespace {

using test::AppendNow;
using test::CodeOf;
using test::CreateStep;
using test::IdOf;
using test::kAll;
using test::NextStep;
using test::SqliteHarness;
using test::TempFolder;

/// A small disk, gone at the end.
class SmallDisk {
 public:
  explicit SmallDisk(const char* size) {
    const std::string options = std::string("size=") + size;
    mounted_ = ::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
    if (!mounted_) {
      WARN("skipped: mounting a small tmpfs is not permitted here: " << std::strerror(errno));
    }
  }
  ~SmallDisk() {
    if (mounted_) {
      ::umount2(folder_.path().c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] std::filesystem::path File(const char* name = "hone.db") const {
    return folder_.File(name);
  }
  void MakeReadOnly() const {
    REQUIRE(::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) ==
            0);
  }
  /// Takes all space that is left. @returns bytes
  [[nodiscard]] std::size_t Fill() const {
    std::ofstream file(File("ballast"), std::ios::binary);
    const std::string block(4096, 'b');
    std::size_t written = 0;
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
      written += block.size();
    }
    return written;
  }
  void Free() const { std::filesystem::remove(File("ballast")); }

 private:
  TempFolder folder_;
  bool mounted_ = false;
};

LedgerStep LargeStep(Version expected) {
  LedgerStep step = NextStep(1, expected, 2);
  step.outbox = {std::string(100'000, 'c')};
  return step;
}

TEST_CASE("sqlite: a full disk fails appends, harms nothing, and heals", "[store]") {
  const SmallDisk disk("6m");
  if (!disk.mounted()) {
    return;
  }
  SqliteHarness h(disk.File());
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, LargeStep(1)));
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    const Version version = h.store().FindExperiment("default", "x1").value().version;
    const auto events = h.store().Read(IdOf(1), 0, kAll).value();
    REQUIRE(disk.Fill() > 0);
    REQUIRE(CodeOf(AppendNow(h, LargeStep(version))) == Code::kResourceExhausted);
    REQUIRE(CodeOf(AppendNow(h, LargeStep(version))) == Code::kResourceExhausted);
    LedgerStep created = CreateStep(2 + round);
    created.outbox = {std::string(100'000, 'c')};
    REQUIRE(CodeOf(AppendNow(h, created)) == Code::kResourceExhausted);
    REQUIRE(h.store().Read(IdOf(1), 0, kAll).value() == events);
    REQUIRE(h.store().FindExperiment("default", "x1").value().version == version);
    disk.Free();
    REQUIRE(AppendNow(h, created));
    REQUIRE(AppendNow(h, LargeStep(version)));
    REQUIRE(h.store().ReadOutbox(IdOf(1)).value().size() == events.size() / 2 + 1);
  }
  h.Reopen();
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 9);
  REQUIRE(test::RawSql(disk.File(), "PRAGMA integrity_check") == "ok");
}

TEST_CASE("sqlite: many steps under way when the disk fills up: a prefix is there", "[store]") {
  const SmallDisk disk("6m");
  if (!disk.mounted()) {
    return;
  }
  SqliteOptions options;
  options.batch_items = 4;  // small transactions, so that some fit
  SqliteHarness h(disk.File(), options);
  REQUIRE(AppendNow(h, CreateStep(1)));
  constexpr int kSteps = 200;
  std::atomic<int> answers = 0;
  std::atomic<int> good = 0;
  for (int i = 0; i < kSteps; ++i) {
    h.store().Append(LargeStep(1 + 2 * static_cast<Version>(i)), [&](const Status& status) {
      good += status ? 1 : 0;
      ++answers;
    });
  }
  h.WaitUntil([&] { return answers == kSteps; });
  REQUIRE(good > 0);
  REQUIRE(good < kSteps);
  const auto want = 1 + 2 * static_cast<std::size_t>(good.load());
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == want);
  h.Reopen();
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == want);
}

TEST_CASE("sqlite: no space for a new file", "[store]") {
  const SmallDisk disk("64k");
  if (!disk.mounted()) {
    return;
  }
  REQUIRE(disk.Fill() > 0);
  const auto refused = SqliteStore::Create(disk.File(), {});
  REQUIRE(refused.error().code == Code::kResourceExhausted);
}

TEST_CASE("sqlite: a disk that cannot be written is named", "[store]") {
  const SmallDisk disk("6m");
  if (!disk.mounted()) {
    return;
  }
  {
    SqliteHarness h(disk.File("100%? #1.db"));
    REQUIRE(AppendNow(h, CreateStep(1)));
  }
  disk.MakeReadOnly();
  const auto owner = SqliteStore::Create(disk.File("100%? #1.db"), {});
  REQUIRE(owner.error().code == Code::kPermissionDenied);
  SqliteOptions options;
  options.read_only = true;
  const auto guest = SqliteStore::Create(disk.File("100%? #1.db"), options).value();
  REQUIRE(guest->ListExperiments().value().size() == 1);
  REQUIRE(guest->Read(IdOf(1), 0, kAll).value().size() == 1);
  REQUIRE(guest->ChangeCounter());
  REQUIRE(guest->PostRequest("stop", "{}").error().code == Code::kPermissionDenied);
}

}  // namespace
}  // namespace hone
