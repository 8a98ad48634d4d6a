// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.h"

namespace hone::local {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(std::filesystem::path path, WatchedBy watched)
      : path_(std::move(path)), watched_(std::move(watched)) {}
  ~FileSource() override { Unwatch(); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    HONE_RETURN_IF_ERROR(Open());
    if (!fd_.valid()) {
      return 0;
    }
    struct stat info = {};
    if (::fstat(fd_.get(), &info) != 0) {
      return Failed();
    }
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size < offset) {
      return Gone(path_.string() + " was cut");
    }
    if (size == offset && IsReplaced(info)) {
      return Gone("another file has the place of " + path_.string());
    }
    return Append(offset, std::min(size - offset, limit), out);
  }

  Result<std::uint64_t> SkipGap(std::uint64_t offset) override {
    HONE_RETURN_IF_ERROR(Open());
    const off_t data =
        fd_.valid() ? ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA) : off_t{-1};
    // No data any more: the present end, or nothing that a look could tell.
    return data < 0 ? offset : static_cast<std::uint64_t>(data);
  }

 private:
  /// Leaves fd_ invalid if there is no file.
  Status Open() {
    if (fd_.valid()) {
      return {};
    }
    // O_NONBLOCK: opening a FIFO without writer would wait for one.
    UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.valid()) {
      return errno == ENOENT || errno == ENOTDIR ? Status() : Failed();
    }
    struct stat info = {};
    if (::fstat(fd.get(), &info) != 0) {
      return Failed();
    }
    if (!S_ISREG(info.st_mode)) {
      return Fail(Code::kFailedPrecondition, "read " + path_.string() + ": is no ordinary file");
    }
    fd_ = std::move(fd);
    if (watched_.watch != nullptr) {
      watch_ = watched_.watch->Add(fd_.get(), watched_.trial);
    }
    return {};
  }

  void Unwatch() {
    if (watched_.watch != nullptr) {
      watched_.watch->Remove(std::exchange(watch_, -1));
    }
  }

  Result<std::uint64_t> Append(std::uint64_t offset, std::uint64_t wanted, std::string& out) {
    // A hole is where the log was cut; file systems without holes say that there is none.
    const off_t hole = wanted == 0 ? -1 : ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_HOLE);
    if (hole >= 0) {
      wanted = std::min(wanted, static_cast<std::uint64_t>(hole) - offset);
    }
    const std::size_t before = out.size();
    out.resize(before + wanted);
    const ssize_t got = ::pread(fd_.get(), out.data() + before, wanted, static_cast<off_t>(offset));
    if (got < 0) {
      auto failed = Failed();
      out.resize(before);
      return failed;
    }
    out.resize(before + static_cast<std::size_t>(got));
    return static_cast<std::uint64_t>(got);
  }

  /// Whether another file stands at the path now.
  [[nodiscard]] bool IsReplaced(const struct stat& held) const {
    struct stat there = {};
    return ::stat(path_.c_str(), &there) == 0 &&
           (there.st_dev != held.st_dev || there.st_ino != held.st_ino);
  }

  tl::unexpected<Error> Gone(const std::string& how) {
    Unwatch();
    fd_ = UniqueFd();
    return Fail(Code::kOutOfRange, how);
  }

  [[nodiscard]] tl::unexpected<Error> Failed() const {
    return tl::make_unexpected(ErrnoError(errno, "read " + path_.string()));
  }

  std::filesystem::path path_;
  WatchedBy watched_;
  int watch_ = -1;
  UniqueFd fd_;
};

class LateSource final : public ByteSource {
 public:
  LateSource(FindPath find, WatchedBy watched)
      : find_(std::move(find)), watched_(std::move(watched)) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    if (file_ == nullptr) {
      HONE_ASSIGN_OR_RETURN(auto path, find_());
      if (!path) {
        return std::uint64_t{0};
      }
      file_ = std::make_unique<FileSource>(std::move(*path), watched_);
    }
    return file_->Read(offset, limit, out);
  }

  Result<std::uint64_t> SkipGap(std::uint64_t offset) override {
    return file_ == nullptr ? Result<std::uint64_t>(offset) : file_->SkipGap(offset);
  }

 private:
  FindPath find_;
  WatchedBy watched_;
  std::unique_ptr<FileSource> file_;
};

}  // namespace

std::unique_ptr<ByteSource> OpenFileSource(FindPath find, WatchedBy watched) {
  return std::make_unique<LateSource>(std::move(find), std::move(watched));
}

std::unique_ptr<ByteSource> OpenFileSource(std::filesystem::path path, WatchedBy watched) {
  return std::make_unique<FileSource>(std::move(path), std::move(watched));
}

}  // namespace hone::local
