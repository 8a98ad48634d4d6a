// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "base/text.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

constexpr int kFileMode = 0666;  // less the umask

template <class Call>
auto RetryInterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) {
    result = call();
  }
  return result;
}

UniqueFd Open(const fs::path& path, int flags) {
  return UniqueFd(
      RetryInterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); }));
}

Error PathError(int error_number, std::string_view doing, const fs::path& path) {
  return ErrnoError(error_number, std::string(doing) + " " + path.string());
}

tl::unexpected<Error> FailPath(std::string_view doing, const fs::path& path) {
  return tl::make_unexpected(PathError(errno, doing, path));
}

Status WriteAll(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written =
        RetryInterrupted([&] { return ::write(fd, content.data(), content.size()); });
    if (written < 0) {
      return FailPath("write", path);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status SyncFolder(const fs::path& folder) {
  const UniqueFd fd = Open(folder.empty() ? fs::path(".") : folder, O_RDONLY | O_DIRECTORY);
  if (!fd.valid() || RetryInterrupted([&] { return ::fsync(fd.get()); }) != 0) {
    return FailPath("sync", folder);
  }
  return {};
}

struct Temporary {
  UniqueFd fd;
  fs::path path;
};

Result<Temporary> OpenTemporary(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  while (true) {
    fs::path name = path;
    name += ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1));
    UniqueFd fd = Open(name, O_WRONLY | O_CREAT | O_EXCL);
    if (fd.valid()) {
      return Temporary{std::move(fd), std::move(name)};
    }
    if (errno != EEXIST) {  // EEXIST: left behind by a crashed process that had our pid
      return FailPath("create", name);
    }
  }
}

Status Fill(const Temporary& temporary, const fs::path& path, std::string_view content,
            bool durable) {
  HONE_RETURN_IF_ERROR(WriteAll(temporary.fd.get(), content, temporary.path));
  if (durable && RetryInterrupted([&] { return ::fsync(temporary.fd.get()); }) != 0) {
    return FailPath("sync", temporary.path);
  }
  if (::rename(temporary.path.c_str(), path.c_str()) != 0) {
    return FailPath("replace", path);
  }
  return durable ? SyncFolder(path.parent_path()) : Status{};
}

Status Replace(const fs::path& path, std::string_view content, bool durable) {
  HONE_ASSIGN_OR_RETURN(const Temporary temporary, OpenTemporary(path));
  Status done = Fill(temporary, path, content, durable);
  if (!done.has_value()) {
    ::unlink(temporary.path.c_str());  // best effort: the first error is the one to report
  }
  return done;
}

int ReadPid(int fd) {
  std::array<char, 32> buffer{};
  const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), 0);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return static_cast<int>(ParseInt(Trim(text)).value_or(0));
}

bool TryLock(int fd, int operation) {
  return RetryInterrupted([&] { return ::flock(fd, operation | LOCK_NB); }) == 0;
}

// A probe of Holder() may hold the lock for an instant, so one refusal is not yet a holder.
bool TryLockPatiently(int fd) {
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    if (TryLock(fd, LOCK_EX)) {
      return true;
    }
    if (errno != EWOULDBLOCK) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  errno = EWOULDBLOCK;
  return false;
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    if (valid()) {
      ::close(fd_);
    }
    fd_ = other.Release();
  }
  return *this;
}

UniqueFd::~UniqueFd() {
  if (valid()) {
    ::close(fd_);
  }
}

int UniqueFd::Release() {
  return std::exchange(fd_, -1);
}

Error ErrnoError(int error_number, std::string_view what) {
  const auto code = [error_number] {
    switch (error_number) {
      case ENOSPC:
      case EDQUOT:
        return Code::kResourceExhausted;
      case ENOENT:
        return Code::kNotFound;
      case EACCES:
      case EPERM:
      case EROFS:
        return Code::kPermissionDenied;
      case EEXIST:
        return Code::kAlreadyExists;
      default:
        return Code::kUnavailable;
    }
  }();
  return Error{code, std::string(what) + ": " + std::generic_category().message(error_number), {}};
}

Result<std::string> ReadFile(const fs::path& path, std::uint64_t limit) {
  const UniqueFd fd = Open(path, O_RDONLY);
  if (!fd.valid()) {
    return FailPath("open", path);
  }
  std::string content;
  std::array<char, 1U << 16U> buffer{};
  while (true) {
    const ssize_t got =
        RetryInterrupted([&] { return ::read(fd.get(), buffer.data(), buffer.size()); });
    if (got < 0) {
      return FailPath("read", path);
    }
    if (got == 0) {
      return content;
    }
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > limit) {
      return Fail(Code::kResourceExhausted,
                  "read " + path.string() + ": longer than " + std::to_string(limit) + " bytes");
    }
  }
}

Status WriteFileDurably(const fs::path& path, std::string_view content) {
  return Replace(path, content, true);
}

Status WriteFile(const fs::path& path, std::string_view content) {
  return Replace(path, content, false);
}

Status MakeFolders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return tl::make_unexpected(PathError(error.value(), "create folder", path));
  }
  return {};
}

Result<FileLock> FileLock::Acquire(const fs::path& path) {
  UniqueFd fd = Open(path, O_RDWR | O_CREAT);
  if (!fd.valid()) {
    return FailPath("open lock", path);
  }
  if (!TryLockPatiently(fd.get())) {
    if (errno != EWOULDBLOCK) {
      return FailPath("lock", path);
    }
    return Fail(Code::kFailedPrecondition,
                path.string() + " is held by process " + std::to_string(ReadPid(fd.get())));
  }
  if (::ftruncate(fd.get(), 0) != 0) {
    return FailPath("write", path);
  }
  HONE_RETURN_IF_ERROR(WriteAll(fd.get(), std::to_string(::getpid()) + "\n", path));
  return FileLock(std::move(fd));
}

Result<int> FileLock::Holder(const fs::path& path) {
  const UniqueFd fd = Open(path, O_RDONLY);
  if (!fd.valid()) {
    if (errno == ENOENT) {
      return 0;
    }
    return FailPath("open lock", path);
  }
  if (TryLock(fd.get(), LOCK_SH)) {
    return 0;  // closing the descriptor gives the probe back
  }
  if (errno != EWOULDBLOCK) {
    return FailPath("lock", path);
  }
  return ReadPid(fd.get());
}

}  // namespace hone
