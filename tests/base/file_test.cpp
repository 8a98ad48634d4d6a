// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/process.h"
#include "base/text.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace {

using hone::Code;
using hone::FileLock;
using hone::ReadFile;
using hone::UniqueFd;
using hone::testing::TempFolder;

bool IsOpen(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST_CASE("file: a descriptor closes itself, once", "[base]") {
  UniqueFd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = first.get();
  UniqueFd second = std::move(first);
  CHECK_FALSE(first.valid());  // NOLINT: a moved-from descriptor is what is tested
  CHECK(second.get() == number);
  second = UniqueFd();
  CHECK_FALSE(IsOpen(number));
  UniqueFd third(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int released = third.Release();
  third = UniqueFd();
  CHECK(IsOpen(released));
  ::close(released);
}

TEST_CASE("file: errno becomes a code", "[base]") {
  const struct {
    const char* name;
    int number;
    Code code;
  } rows[] = {
      {"disk full", ENOSPC, Code::kResourceExhausted},
      {"quota", EDQUOT, Code::kResourceExhausted},
      {"missing", ENOENT, Code::kNotFound},
      {"no access", EACCES, Code::kPermissionDenied},
      {"not permitted", EPERM, Code::kPermissionDenied},
      {"read-only", EROFS, Code::kPermissionDenied},
      {"exists", EEXIST, Code::kAlreadyExists},
      {"i/o", EIO, Code::kUnavailable},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(hone::ErrnoError(row.number, "x").code == row.code);
    }
  }
  CHECK(hone::ErrnoError(ENOENT, "open a").message == "open a: No such file or directory");
}

TEST_CASE("file: what was written is read, old content and temporary files are gone", "[base]") {
  const TempFolder folder;
  const auto path = folder / "data";
  const std::string binary("a\0b\n\xff", 5);
  REQUIRE(hone::WriteFile(path, std::string(200'000, 'x')).has_value());
  CHECK(ReadFile(path) == std::string(200'000, 'x'));
  REQUIRE(hone::WriteFileDurably(path, binary).has_value());
  CHECK(ReadFile(path) == binary);
  REQUIRE(hone::WriteFile(path, "").has_value());
  CHECK(ReadFile(path) == "");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("file: a failed write leaves the old content and no temporary file", "[base]") {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "target/full");  // cannot be renamed over
  for (const bool durable : {false, true}) {
    const auto status = durable ? hone::WriteFileDurably(folder / "target", "x")
                                : hone::WriteFile(folder / "target", "x");
    CHECK_FALSE(status.has_value());
  }
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  const auto nowhere = hone::WriteFile(folder / "missing/file", "x");
  REQUIRE_FALSE(nowhere.has_value());
  CHECK(nowhere.error().code == Code::kNotFound);
}

TEST_CASE("file: reading reports what is wrong", "[base]") {
  const TempFolder folder;
  CHECK(ReadFile(folder / "missing").error().code == Code::kNotFound);
  CHECK_FALSE(ReadFile(folder.path()).has_value());
  REQUIRE(hone::WriteFile(folder / "ten", "0123456789").has_value());
  CHECK(ReadFile(folder / "ten", 10) == "0123456789");
  CHECK(ReadFile(folder / "ten", 9).error().code == Code::kResourceExhausted);
  CHECK(ReadFile("/proc/self/stat").value().size() > 10);  // stat(2) says 0 bytes
}

TEST_CASE("file: MakeFolders makes all of them and accepts existing ones", "[base]") {
  const TempFolder folder;
  CHECK(hone::MakeFolders(folder / "a/b/c").has_value());
  CHECK(hone::MakeFolders(folder / "a/b/c").has_value());
  CHECK(std::filesystem::is_directory(folder / "a/b/c"));
  REQUIRE(hone::WriteFile(folder / "file", "").has_value());
  CHECK_FALSE(hone::MakeFolders(folder / "file/below").has_value());
}

TEST_CASE("lock: held until destruction, and the holder is known", "[base]") {
  const TempFolder folder;
  const auto path = folder / "lock";
  CHECK(FileLock::Holder(path) == 0);
  {
    const auto lock = FileLock::Acquire(path);
    REQUIRE(lock.has_value());
    CHECK(FileLock::Holder(path) == ::getpid());
    const auto again = FileLock::Acquire(path);
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().code == Code::kFailedPrecondition);
    CHECK(again.error().message.ends_with(" " + std::to_string(::getpid())));
  }
  CHECK(FileLock::Holder(path) == 0);
  CHECK(FileLock::Acquire(path).has_value());
}

TEST_CASE("lock: a longer pid of an earlier holder is not mixed in", "[base]") {
  const TempFolder folder;
  const auto path = folder / "lock";
  REQUIRE(hone::WriteFile(path, "99999999999\n").has_value());
  const auto lock = FileLock::Acquire(path);
  REQUIRE(lock.has_value());
  CHECK(ReadFile(path) == std::to_string(::getpid()) + "\n");
}

TEST_CASE("lock: another process's lock is respected and ends with it", "[base]") {
  const TempFolder folder;
  const auto path = folder / "lock";
  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  const UniqueFd read_end(fds[0]);
  UniqueFd write_end(fds[1]);
  hone::ProcessSpec spec{
      .argv = {HONE_TEST_CHILD, "hold-lock", path.string()}, .env = {}, .working_folder = {}};
  spec.stdout_fd = write_end.get();
  const auto child = hone::Spawn(spec);
  REQUIRE(child.has_value());
  write_end = UniqueFd();
  char word[16] = {};
  REQUIRE(::read(read_end.get(), word, sizeof(word)) == 5);
  CHECK(std::string(word) == "held\n");
  CHECK(FileLock::Holder(path) == child->pid);
  CHECK_FALSE(FileLock::Acquire(path).has_value());
  ::kill(child->pid, SIGKILL);
  REQUIRE(hone::WaitFor(*child, std::chrono::seconds(20)).has_value());
  CHECK(FileLock::Holder(path) == 0);
  CHECK(FileLock::Acquire(path).has_value());
}

TEST_CASE("lock: children do not inherit it", "[base]") {
  const TempFolder folder;
  const auto path = folder / "lock";
  auto lock = FileLock::Acquire(path);
  REQUIRE(lock.has_value());
  const auto child = hone::Spawn({.argv = {"sleep", "60"}, .env = {}, .working_folder = {}});
  REQUIRE(child.has_value());
  { const auto gone = std::move(lock).value(); }
  CHECK(FileLock::Holder(path) == 0);
  ::kill(child->pid, SIGKILL);
  CHECK(hone::WaitFor(*child, std::chrono::seconds(20)).has_value());
}

}  // namespace
