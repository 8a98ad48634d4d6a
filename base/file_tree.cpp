// SPDX-License-Identifier: Apache-2.0
#include "base/file_tree.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNames = 100'000;
constexpr std::size_t kBlock = std::size_t{1} << 20U;
constexpr mode_t kOwnerMayRun = 0100;
constexpr mode_t kPlainMode = 0644;
constexpr mode_t kRunnableMode = 0755;

enum class Care { kSynced, kUnsynced };

enum class Kind : char { kFile = 'f', kRunnable = 'x', kFolder = 'd', kLink = 'l' };

struct Entry {
  fs::path name;  // below the folder
  Kind kind = Kind::kFile;
  fs::path target;  // of a link
};

tl::unexpected<Error> FailAt(int error_number, std::string_view doing, const fs::path& path) {
  return tl::make_unexpected(ErrnoError(error_number, std::string(doing) + " " + path.string()));
}

/// Whether a link stays below the folder, whatever is moved or copied as a whole.
bool StaysInside(const fs::path& name, const fs::path& target) {
  if (target.is_absolute()) {
    return false;
  }
  const fs::path reached = (name.parent_path() / target).lexically_normal();
  return reached.empty() || *reached.begin() != "..";
}

Result<Entry> Describe(const fs::path& path, fs::path name) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return FailAt(errno, "look at", path);
  }
  if (S_ISDIR(info.st_mode)) {
    return Entry{std::move(name), Kind::kFolder, {}};
  }
  if (S_ISREG(info.st_mode)) {
    const bool runnable = (info.st_mode & kOwnerMayRun) != 0;
    return Entry{std::move(name), runnable ? Kind::kRunnable : Kind::kFile, {}};
  }
  if (!S_ISLNK(info.st_mode)) {
    return Fail(Code::kFailedPrecondition,
                path.string() + " is neither a file nor a folder nor a link");
  }
  std::error_code error;
  fs::path target = fs::read_symlink(path, error);
  if (error) {
    return FailAt(error.value(), "read the link", path);
  }
  if (!StaysInside(name, target)) {
    return Fail(Code::kFailedPrecondition,
                path.string() + " is a link that leads out of its folder");
  }
  return Entry{std::move(name), Kind::kLink, std::move(target)};
}

/// Everything below a folder, by name; a folder comes before what it holds.
Result<std::vector<Entry>> ListTree(const fs::path& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    if (entries.size() == kMostNames) {
      return Fail(Code::kResourceExhausted,
                  folder.string() + " holds more than " + std::to_string(kMostNames) + " files");
    }
    HONE_ASSIGN_OR_RETURN(Entry entry, Describe(at->path(), at->path().lexically_relative(folder)));
    entries.push_back(std::move(entry));
  }
  if (error && error.value() != ENOENT) {
    return FailAt(error.value(), "read", folder);
  }
  std::ranges::sort(entries, {},
                    [](const Entry& entry) -> const std::string& { return entry.name.native(); });
  return entries;
}

Result<std::string> DigestOfFile(const fs::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) {
    return FailAt(errno, "open", path);
  }
  Sha256 sum;
  std::vector<char> block(kBlock);
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno != EINTR) {
      return FailAt(errno, "read", path);
    }
    if (got == 0) {
      return sum.Finish();
    }
    sum.Add(std::string_view(block.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))));
  }
}

Status AddEntry(Sha256& sum, const fs::path& folder, const Entry& entry) {
  const char kind = static_cast<char>(entry.kind);
  sum.Add(std::string_view(&kind, 1));
  sum.Add(entry.name.native());
  sum.Add(std::string_view("\0", 1));
  if (entry.kind == Kind::kFile || entry.kind == Kind::kRunnable) {
    HONE_ASSIGN_OR_RETURN(const std::string content, DigestOfFile(folder / entry.name));
    sum.Add(content);
  }
  sum.Add(entry.target.native());
  sum.Add(std::string_view("\0", 1));
  return {};
}

Status Sync(const fs::path& path, int flags, Care care) {
  if (care == Care::kUnsynced) {
    return {};
  }
  const UniqueFd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!opened.valid() || ::fsync(opened.get()) != 0) {
    return FailAt(errno, "sync", path);
  }
  return {};
}

Status WriteAll(int to, std::string_view left, const fs::path& path) {
  while (!left.empty()) {
    const ssize_t put = ::write(to, left.data(), left.size());
    if (put < 0) {
      return FailAt(errno, "copy", path);
    }
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

/// Where neither blocks can be shared nor the kernel copies.
Status CopyByHand(int from, int to, const fs::path& path) {
  std::vector<char> block(kBlock);
  for (;;) {
    const ssize_t got = ::read(from, block.data(), block.size());
    if (got == 0) {
      return {};
    }
    if (got < 0) {
      return FailAt(errno, "copy", path);
    }
    HONE_RETURN_IF_ERROR(
        WriteAll(to, std::string_view(block.data(), static_cast<std::size_t>(got)), path));
  }
}

Status CopyBytes(int from, int to, const fs::path& path) {
  if (::ioctl(to, FICLONE, from) == 0) {
    return {};
  }
  bool begun = false;
  for (;;) {
    const ssize_t copied = ::copy_file_range(from, nullptr, to, nullptr, kBlock * 64, 0);
    if (copied == 0 && begun) {
      return {};
    }
    if (copied > 0) {
      begun = true;
      continue;
    }
    const bool cannot =
        copied == 0 || errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
    return cannot ? CopyByHand(from, to, path) : FailAt(errno, "copy", path);
  }
}

Status CopyFile(const fs::path& from, const fs::path& to, bool runnable, Care care) {
  const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!source.valid()) {
    return FailAt(errno, "open", from);
  }
  const UniqueFd copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                             runnable ? kRunnableMode : kPlainMode));
  if (!copy.valid()) {
    return FailAt(errno, "make", to);
  }
  HONE_RETURN_IF_ERROR(CopyBytes(source.get(), copy.get(), to));
  if (care == Care::kSynced && ::fsync(copy.get()) != 0) {
    return FailAt(errno, "sync", to);
  }
  return {};
}

Status CopyEntry(const fs::path& from, const fs::path& to, const Entry& entry, Care care) {
  switch (entry.kind) {
    case Kind::kFile:
    case Kind::kRunnable:
      return CopyFile(from, to, entry.kind == Kind::kRunnable, care);
    case Kind::kFolder:
      return ::mkdir(to.c_str(), kRunnableMode) == 0 ? Status() : FailAt(errno, "make", to);
    case Kind::kLink:
      return ::symlink(entry.target.c_str(), to.c_str()) == 0 ? Status()
                                                              : FailAt(errno, "link", to);
  }
  return {};
}

Status FillPart(const fs::path& from, const fs::path& part, const std::string& digest, Care care) {
  HONE_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ListTree(from));
  if (::mkdir(part.c_str(), kRunnableMode) != 0) {
    return FailAt(errno, "make", part);
  }
  for (const Entry& entry : entries) {
    HONE_RETURN_IF_ERROR(CopyEntry(from / entry.name, part / entry.name, entry, care));
  }
  for (const Entry& entry : entries) {
    if (entry.kind != Kind::kFolder) {
      continue;
    }
    HONE_RETURN_IF_ERROR(Sync(part / entry.name, O_DIRECTORY, care));
  }
  HONE_RETURN_IF_ERROR(Sync(part, O_DIRECTORY, care));
  HONE_ASSIGN_OR_RETURN(const auto copied, DigestOfTree(part));
  if (copied != digest) {
    return Fail(Code::kDataLoss, from.string() + " is not what it was: its digest is " +
                                     copied.value_or("that of an empty folder") + ", not " +
                                     digest);
  }
  return {};
}

Status Copy(const fs::path& from, const fs::path& to, const std::string& digest, Care care) {
  const fs::path part = to.string() + ".part";
  std::error_code error;
  fs::remove_all(part, error);  // of an engine that died; if it stays, it cannot be made again
  Status filled = FillPart(from, part, digest, care);
  if (filled.has_value() && ::rename(part.c_str(), to.c_str()) != 0) {
    filled = FailAt(errno, "rename", part);
  }
  if (!filled.has_value()) {
    fs::remove_all(part, error);  // what is left there is removed before the next try
    return filled;
  }
  return Sync(to.parent_path(), O_DIRECTORY, care);
}

}  // namespace

Result<std::optional<std::string>> DigestOfTree(const fs::path& folder) {
  HONE_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ListTree(folder));
  if (entries.empty()) {
    return std::nullopt;
  }
  Sha256 sum;
  for (const Entry& entry : entries) {
    HONE_RETURN_IF_ERROR(AddEntry(sum, folder, entry));
  }
  return sum.Finish();
}

Status CopyTree(const fs::path& from, const fs::path& to, const std::string& digest) {
  return Copy(from, to, digest, Care::kSynced);
}

Status CopyTreeUnsynced(const fs::path& from, const fs::path& to, const std::string& digest) {
  return Copy(from, to, digest, Care::kUnsynced);
}

}  // namespace hone
