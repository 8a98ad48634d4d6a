// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/last_commit.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "store/schema/schema.h"
#include "store/sqlite/sqlite_error.h"

namespace hone::sqlite {
namespace {

constexpr std::size_t kDigits = 20;
constexpr std::size_t kBytes = kDigits + 1 + 8 + 1;  // number, space, checksum, newline
constexpr std::uint64_t kReadLimit = 4096;
constexpr int kReads = 3;

std::filesystem::path Beside(const std::filesystem::path& database) {
  return database.string() + "-last";
}

std::string LineOf(std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, kDigits - digits.size(), '0');
  return digits + " " + store::Checksum(digits) + "\n";
}

std::optional<std::uint64_t> NumberIn(const std::string& line) {
  const auto number = line.size() == kBytes ? ParseInt(line.substr(0, kDigits)) : std::nullopt;
  if (!number || *number < 0 || LineOf(static_cast<std::uint64_t>(*number)) != line) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*number);
}

/// As a power cut may leave a file that never was on the disk.
bool IsBlank(const std::string& line) {
  return std::ranges::all_of(line, [](char c) { return c == '\0'; });
}

}  // namespace

Result<LastCommit> LastCommit::Open(Connection& connection, const std::filesystem::path& database) {
  HONE_ASSIGN_OR_RETURN(const std::uint64_t stored,
                        Try("read commits", [&] { return Stored(connection); }));
  const std::string path = Beside(database).string();
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!file.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "open " + path));
  }
  LastCommit last(std::move(file), stored);
  HONE_RETURN_IF_ERROR(last.Write());
  return last;
}

Result<std::uint64_t> LastCommit::Recorded(const std::filesystem::path& database) {
  const std::filesystem::path path = Beside(database);
  // Its writer may be at work: a line read in halves is read again.
  for (int read = 0; read < kReads; ++read) {
    const auto line = ReadFile(path, kReadLimit);
    const bool missing = !line && line.error().code == Code::kNotFound;
    if (missing || (line && IsBlank(*line))) {
      return std::uint64_t{0};
    }
    if (!line) {
      return tl::make_unexpected(line.error());
    }
    if (const auto number = NumberIn(*line)) {
      return *number;
    }
  }
  return Fail(Code::kDataLoss,
              path.string() + " is damaged, so nobody can say whether the last commits of " +
                  database.string() + " are there; remove it to go on with what the data file has");
}

std::uint64_t LastCommit::Stored(Connection& connection) {
  Use use(connection, "SELECT n FROM commits");
  return use.Step() ? use.GetUnsigned(0) : 0;
}

Status LastCommit::Check(std::uint64_t recorded, std::uint64_t stored,
                         const std::filesystem::path& database) {
  if (stored >= recorded) {
    return {};
  }
  const std::string file = database.string();
  return Fail(Code::kDataLoss,
              file + " has " + std::to_string(stored) + " commits, but " +
                  std::to_string(recorded) + " were made: the end of " + file +
                  "-wal is missing or damaged, or the file was replaced by an older one. " +
                  "Put both files back from a backup, or remove " + Beside(database).string() +
                  " to go on without what was lost");
}

void LastCommit::Count(Connection& connection) const {
  Use(connection, "UPDATE commits SET n = ?").Unsigned(number_ + 1).Run();
}

void LastCommit::Committed() {
  ++number_;
  const Status written = Write();
  if (!written && !std::exchange(told_, true)) {
    HONE_LOG(kWarn, "last_commit_not_recorded", {"error", written.error().Text()});
  }
}

Status LastCommit::Write() const {
  const std::string line = LineOf(number_);
  if (::pwrite(file_.get(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
    return tl::make_unexpected(ErrnoError(errno, "write the number of the last commit"));
  }
  return {};
}

}  // namespace hone::sqlite
