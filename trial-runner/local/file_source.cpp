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
  explicit FileSource(std::filesystem::path path) : path_(std::move(path)) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    // O_NONBLOCK: opening a FIFO without writer would wait for one.
    const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.valid()) {
      return errno == ENOENT || errno == ENOTDIR ? Result<std::uint64_t>(0) : Failed();
    }
    struct stat info = {};
    if (::fstat(fd.get(), &info) != 0) {
      return Failed();
    }
    if (!S_ISREG(info.st_mode)) {
      return Fail(Code::kFailedPrecondition, "read " + path_.string() + ": is no ordinary file");
    }
    const auto size = static_cast<std::uint64_t>(info.st_size);
    const std::uint64_t there = size > offset ? size - offset : 0;
    const std::uint64_t wanted = std::min(there, limit);
    const std::size_t before = out.size();
    out.resize(before + wanted);
    const ssize_t got = ::pread(fd.get(), out.data() + before, wanted, static_cast<off_t>(offset));
    if (got < 0) {
      auto failed = Failed();
      out.resize(before);
      return failed;
    }
    out.resize(before + static_cast<std::size_t>(got));
    return static_cast<std::uint64_t>(got);
  }

 private:
  [[nodiscard]] Result<std::uint64_t> Failed() const {
    return tl::make_unexpected(ErrnoError(errno, "read " + path_.string()));
  }
  std::filesystem::path path_;
};

class LateSource final : public ByteSource {
 public:
  explicit LateSource(FindPath find) : find_(std::move(find)) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    if (file_ == nullptr) {
      HONE_ASSIGN_OR_RETURN(auto path, find_());
      if (!path) {
        return std::uint64_t{0};
      }
      file_ = std::make_unique<FileSource>(std::move(*path));
    }
    return file_->Read(offset, limit, out);
  }

 private:
  FindPath find_;
  std::unique_ptr<FileSource> file_;
};

}  // namespace

std::unique_ptr<ByteSource> OpenFileSource(FindPath find) {
  return std::make_unique<LateSource>(std::move(find));
}

std::unique_ptr<ByteSource> OpenFileSource(std::filesystem::path path) {
  return std::make_unique<FileSource>(std::move(path));
}

}  // namespace hone::local
