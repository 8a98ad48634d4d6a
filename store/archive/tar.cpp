// SPDX-License-Identifier: Apache-2.0
#include "store/archive/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "base/text.h"

namespace hone::archive {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{1} << 16;
constexpr mode_t kMode = 0644;
constexpr int kErrorText = 200;

struct FreeEntry {
  void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};

std::string Reason(struct archive* handle) {
  const char* text = archive_error_string(handle);
  return text == nullptr ? "unknown error" : Printable(text, kErrorText);
}

tl::unexpected<Error> Damaged(struct archive* handle) {
  return Fail(Code::kDataLoss, "the archive is damaged: " + Reason(handle));
}

tl::unexpected<Error> Unwritten(struct archive* handle) {
  const int number = archive_errno(handle);
  return Fail(number == ENOSPC || number == EDQUOT ? Code::kResourceExhausted : Code::kUnavailable,
              "write the archive: " + Reason(handle));
}

}  // namespace

struct TarWriter::Handle {
  struct archive* tar = archive_write_new();

  Handle() = default;
  ~Handle() { archive_write_free(tar); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

TarWriter::TarWriter(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
TarWriter::~TarWriter() = default;
TarWriter::TarWriter(TarWriter&&) noexcept = default;
TarWriter& TarWriter::operator=(TarWriter&&) noexcept = default;

Result<TarWriter> TarWriter::Create(int fd) {
  auto handle = std::make_unique<Handle>();
  struct archive* tar = handle->tar;
  if (archive_write_set_format_pax_restricted(tar) != ARCHIVE_OK ||
      archive_write_add_filter_zstd(tar) != ARCHIVE_OK ||
      archive_write_open_fd(tar, fd) != ARCHIVE_OK) {
    return Unwritten(tar);
  }
  return TarWriter(std::move(handle));
}

Status TarWriter::Begin(const std::string& name, std::uint64_t size) {
  const std::unique_ptr<struct archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), kMode);
  return archive_write_header(handle_->tar, entry.get()) == ARCHIVE_OK ? Status()
                                                                       : Unwritten(handle_->tar);
}

Status TarWriter::Write(std::string_view bytes) {
  const la_ssize_t written = archive_write_data(handle_->tar, bytes.data(), bytes.size());
  return written == static_cast<la_ssize_t>(bytes.size()) ? Status() : Unwritten(handle_->tar);
}

Status TarWriter::Close() {
  return archive_write_close(handle_->tar) == ARCHIVE_OK ? Status() : Unwritten(handle_->tar);
}

struct TarReader::Handle {
  struct archive* tar = archive_read_new();

  // Only what TarWriter makes: each format more is code that reads untrusted bytes.
  Handle() {
    archive_read_support_format_tar(tar);
    archive_read_support_filter_zstd(tar);
  }
  ~Handle() { archive_read_free(tar); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

TarReader::TarReader(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
TarReader::~TarReader() = default;
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader& TarReader::operator=(TarReader&&) noexcept = default;

Result<TarReader> TarReader::OpenFd(int fd) {
  auto handle = std::make_unique<Handle>();
  if (archive_read_open_fd(handle->tar, fd, kReadAtOnce) != ARCHIVE_OK) {
    return Fail(Code::kInvalidArgument, "this is no archive: " + Reason(handle->tar));
  }
  return TarReader(std::move(handle));
}

Result<TarReader> TarReader::OpenMemory(std::string_view bytes) {
  auto handle = std::make_unique<Handle>();
  if (archive_read_open_memory(handle->tar, bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return Fail(Code::kInvalidArgument, "this is no archive: " + Reason(handle->tar));
  }
  return TarReader(std::move(handle));
}

Result<std::optional<TarReader::Member>> TarReader::Next() {
  struct archive_entry* entry = nullptr;
  const int status = archive_read_next_header(handle_->tar, &entry);
  if (status == ARCHIVE_EOF) {
    return std::nullopt;
  }
  if (status != ARCHIVE_OK) {
    return Damaged(handle_->tar);
  }
  const char* name = archive_entry_pathname(entry);
  const bool is_file = archive_entry_filetype(entry) == AE_IFREG &&
                       archive_entry_hardlink(entry) == nullptr && archive_entry_size(entry) >= 0;
  if (name == nullptr || !is_file) {
    return Fail(Code::kDataLoss, "the archive has a member that is no ordinary file: " +
                                     Printable(name == nullptr ? "" : name, kErrorText));
  }
  return Member{name, static_cast<std::uint64_t>(archive_entry_size(entry))};
}

Result<std::uint64_t> TarReader::Read(const std::function<Status(std::string_view part)>& take) {
  std::vector<char> buffer(kReadAtOnce);
  std::uint64_t total = 0;
  while (true) {
    const la_ssize_t got = archive_read_data(handle_->tar, buffer.data(), buffer.size());
    if (got < 0) {
      return Damaged(handle_->tar);
    }
    if (got == 0) {
      return total;
    }
    total += static_cast<std::uint64_t>(got);
    HONE_RETURN_IF_ERROR(take({buffer.data(), static_cast<std::size_t>(got)}));
  }
}

}  // namespace hone::archive
