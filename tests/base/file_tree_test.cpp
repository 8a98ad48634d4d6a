// SPDX-License-Identifier: Apache-2.0
#include "base/file_tree.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <functional>

#include "base/file.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;

void Write(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  REQUIRE(WriteFile(path, content).has_value());
}

/// A model, a folder of parts, an empty folder, a link to the latest.
void Fill(const fs::path& folder) {
  Write(folder / "model.bin", std::string(3'000'000, 'w'));
  Write(folder / "steps/1/weights", "one");
  Write(folder / "steps/2/weights", "two");
  fs::create_directories(folder / "empty");
  fs::create_symlink("steps/2", folder / "latest");
}

std::string DigestOf(const fs::path& folder) {
  const auto digest = DigestOfTree(folder);
  REQUIRE(digest.has_value());
  REQUIRE(digest->has_value());
  return **digest;
}

TEST_CASE("file tree: the digest tells every change of names, kinds and bytes", "[base]") {
  const TempFolder folder;
  Fill(folder / "a");
  const std::string before = DigestOf(folder / "a");
  const std::function<void(const fs::path&)> changes[] = {
      [](const fs::path& at) { Write(at / "steps/1/weights", "onE"); },
      [](const fs::path& at) { fs::rename(at / "steps/1", at / "steps/3"); },
      [](const fs::path& at) { Write(at / "more", ""); },
      [](const fs::path& at) { fs::remove(at / "empty"); },
      [](const fs::path& at) {
        fs::remove(at / "latest");
        fs::create_symlink("steps/1", at / "latest");
      },
      [](const fs::path& at) {
        fs::permissions(at / "model.bin", fs::perms::owner_exec, fs::perm_options::add);
      },
  };
  for (const auto& change : changes) {
    fs::remove_all(folder / "b");
    Fill(folder / "b");
    CHECK(DigestOf(folder / "b") == before);
    change(folder / "b");
    CHECK(DigestOf(folder / "b") != before);
  }
}

TEST_CASE("file tree: an empty folder and none have no digest", "[base]") {
  const TempFolder folder;
  CHECK(DigestOfTree(folder.path()).value() == std::nullopt);
  CHECK(DigestOfTree(folder / "none").value() == std::nullopt);
}

TEST_CASE("file tree: what is no part of a folder alone is refused", "[base]") {
  const TempFolder folder;
  SECTION("a link out of it") {
    fs::create_symlink("../other", folder / "link");
  }
  SECTION("a link to an absolute path") {
    fs::create_symlink("/etc/passwd", folder / "link");
  }
  SECTION("a pipe") {
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  }
  const auto digest = DigestOfTree(folder.path());
  REQUIRE_FALSE(digest.has_value());
  CHECK(digest.error().code == Code::kFailedPrecondition);
}

TEST_CASE("file tree: a copy is the same, and owes nothing to the original", "[base]") {
  const TempFolder folder;
  Fill(folder / "a");
  const std::string digest = DigestOf(folder / "a");
  fs::create_directories(folder / "b");                // an empty folder may be there
  Write(folder / "b.part/rest", "of an earlier try");  // and the rest of a copy that broke off
  REQUIRE(CopyTree(folder / "a", folder / "b", digest).has_value());
  CHECK(DigestOf(folder / "b") == digest);
  CHECK_FALSE(fs::exists(folder / "b.part"));
  Write(folder / "a/model.bin", "changed");
  fs::remove_all(folder / "a/steps");
  CHECK(DigestOf(folder / "b") == digest);
}

TEST_CASE("file tree: a changed original is not copied", "[base]") {
  const TempFolder folder;
  Fill(folder / "a");
  const std::string digest = DigestOf(folder / "a");
  Write(folder / "a/steps/2/weights", "tWo");
  const Status copied = CopyTree(folder / "a", folder / "b", digest);
  REQUIRE_FALSE(copied.has_value());
  CHECK(copied.error().code == Code::kDataLoss);
  CHECK_FALSE(fs::exists(folder / "b"));
  CHECK_FALSE(fs::exists(folder / "b.part"));
}

/// Files cannot grow beyond so many bytes while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

TEST_CASE("file tree: a copy that does not fit leaves nothing", "[base]") {
  const TempFolder folder;
  Fill(folder / "a");
  const std::string digest = DigestOf(folder / "a");
  fs::create_directories(folder / "b");
  {
    const FileSizeLimit limit(1'000'000);
    const Status copied = CopyTree(folder / "a", folder / "b", digest);
    if (copied.has_value()) {
      WARN("skipped: this file system shares blocks");
      return;
    }
  }
  CHECK(fs::is_empty(folder / "b"));
  CHECK_FALSE(fs::exists(folder / "b.part"));
  REQUIRE(CopyTree(folder / "a", folder / "b", digest).has_value());
  CHECK(DigestOf(folder / "b") == digest);
}

}  // namespace
}  // namespace hone
