// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/pipeline/step_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace hone::local {
namespace {

constexpr std::size_t kBlock = 64U << 10U;
constexpr std::size_t kLongestLine = 64U << 10U;  // longer ones are passed on in parts
constexpr std::size_t kMostResult = 256U << 10U;  // as Argo's

Status OpenPipe(UniqueFd& read_end, UniqueFd& write_end) {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "make a pipe"));
  }
  read_end = UniqueFd(fds[0]);
  write_end = UniqueFd(fds[1]);
  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  return {};
}

/// @returns how many bytes are written; fewer on an error
std::size_t WriteAll(int fd, std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno != EINTR) {
      return done;
    }
    done += put > 0 ? static_cast<std::size_t>(put) : 0;
  }
  return done;
}

}  // namespace

Result<StepOutput> StepOutput::Create(Options options) {
  StepOutput output(std::move(options));
  output.log_ =
      UniqueFd(::open(output.options_.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!output.log_.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "make " + output.options_.log.string()));
  }
  HONE_RETURN_IF_ERROR(OpenPipe(output.read_out_, output.write_out_));
  if (output.options_.with_result) {
    HONE_RETURN_IF_ERROR(OpenPipe(output.read_error_, output.write_error_));
  }
  return output;
}

void StepOutput::CloseInputs() {
  write_out_ = UniqueFd();
  write_error_ = UniqueFd();
}

bool StepOutput::PumpOne(UniqueFd& fd, bool is_out) {
  std::array<char, kBlock> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): read into
  if (!fd.valid()) {
    return false;
  }
  const ssize_t got = ::read(fd.get(), block.data(), block.size());
  if (got > 0) {
    Take(std::string_view(block.data(), static_cast<std::size_t>(got)), is_out);
    return true;
  }
  if (got == 0) {
    fd = UniqueFd();  // nobody can write any more
  }
  return got < 0 && errno == EINTR;
}

void StepOutput::Pump() {
  bool out = true;
  bool error = true;
  // Bounded: one that prints without end must not keep the others waiting.
  for (int round = 0; round < 16 && (out || error); ++round) {
    out = PumpOne(read_out_, true);
    error = PumpOne(read_error_, false);
  }
}

void StepOutput::Take(std::string_view bytes, bool is_out) {
  const std::uint64_t room = options_.quota - std::min(options_.quota, written_);
  const std::size_t kept =
      WriteAll(log_.get(), bytes.substr(0, std::min<std::size_t>(bytes.size(), room)));
  written_ += kept;
  dropped_ += bytes.size() - kept;
  if (is_out && options_.with_result && result_.size() < kMostResult) {
    result_.append(bytes.substr(0, kMostResult - result_.size()));
  }
  if (options_.forward_fd >= 0) {
    Forward(bytes);
  }
}

void StepOutput::Forward(std::string_view bytes) {
  line_.append(bytes);
  const std::size_t end = line_.rfind('\n');
  if (end != std::string::npos || line_.size() > kLongestLine) {
    const std::size_t count = end == std::string::npos ? line_.size() : end + 1;
    WriteAll(options_.forward_fd, std::string_view(line_).substr(0, count));
    line_.erase(0, count);
  }
}

void StepOutput::Finish() {
  if (options_.forward_fd >= 0 && !line_.empty()) {
    Forward("\n");
  }
  if (dropped_ > 0) {
    WriteAll(log_.get(), "\n[hone: " + std::to_string(dropped_) + " bytes more were not kept]\n");
  }
}

std::string StepOutput::Printed() const {
  return result_.ends_with('\n') ? result_.substr(0, result_.size() - 1) : result_;
}

Status Replay(const std::filesystem::path& log, int fd) {
  const UniqueFd file(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "read " + log.string()));
  }
  std::string block(kBlock, '\0');
  char last = '\n';
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0) {
      return tl::make_unexpected(ErrnoError(errno, "read " + log.string()));
    }
    if (got == 0) {
      WriteAll(fd, last == '\n' ? "" : "\n");
      return {};
    }
    last = block[static_cast<std::size_t>(got) - 1];
    WriteAll(fd, std::string_view(block.data(), static_cast<std::size_t>(got)));
  }
}

}  // namespace hone::local
