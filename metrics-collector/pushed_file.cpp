// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/pushed_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/push_line.h"

namespace hone {

Result<PushedFile> PushedFile::Open(const std::filesystem::path& path, std::uint64_t most_bytes) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const off_t size = fd.valid() ? ::lseek(fd.get(), 0, SEEK_END) : -1;
  if (size < 0) {
    return tl::make_unexpected(ErrnoError(errno, "open " + path.string()));
  }
  return PushedFile(std::move(fd), static_cast<std::uint64_t>(size), most_bytes);
}

Status PushedFile::Append(std::span<const MetricRecord> records) {
  HONE_RETURN_IF_ERROR(WriteRest());
  std::string lines;
  for (const MetricRecord& record : records) {
    lines += PushLine(record);
  }
  if (size_ + lines.size() > most_bytes_) {
    return Fail(Code::kResourceExhausted, "the trial has reported " +
                                              std::to_string(most_bytes_ >> 20U) +
                                              " MiB of metrics, and no more is taken");
  }
  const ssize_t wrote = ::write(fd_.get(), lines.data(), lines.size());
  if (wrote <= 0 && !lines.empty()) {
    return tl::make_unexpected(ErrnoError(errno, "write what was reported"));
  }
  size_ += lines.size();
  rest_ = lines.substr(static_cast<std::size_t>(wrote));
  return {};
}

/// A reader waits for the end of a cut line, so it is written first.
Status PushedFile::WriteRest() {
  while (!rest_.empty()) {
    const ssize_t wrote = ::write(fd_.get(), rest_.data(), rest_.size());
    if (wrote <= 0) {
      return tl::make_unexpected(ErrnoError(errno, "write what was reported"));
    }
    rest_.erase(0, static_cast<std::size_t>(wrote));
  }
  return {};
}

}  // namespace hone
