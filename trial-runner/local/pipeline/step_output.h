// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace hone::local {

/// What a step prints: kept in a log of bounded size, and passed on line by line if it is the
/// trial's own output.
class StepOutput {
 public:
  struct Options {
    std::filesystem::path log{};
    std::uint64_t quota = 0;   ///< bytes of the log; what comes later is dropped
    int forward_fd = -1;       ///< -1: not passed on
    bool with_result = false;  ///< what comes on standard output is remembered
  };
  /// @errors as ErrnoError
  static Result<StepOutput> Create(Options options);

  /// For the child; closed by CloseInputs once it has started.
  [[nodiscard]] int out_fd() const { return write_out_.get(); }
  [[nodiscard]] int error_fd() const {
    return write_error_.valid() ? write_error_.get() : write_out_.get();
  }
  void CloseInputs();
  /// To be watched for input; the second is -1 where both come through the first.
  [[nodiscard]] int read_out() const { return read_out_.get(); }
  [[nodiscard]] int read_error() const { return read_error_.get(); }

  /// Takes what is there, without waiting.
  void Pump();
  /// After the last Pump: what is left of a line.
  void Finish();

  /// What was printed on standard output, without the last end of line; at most 256 KiB.
  [[nodiscard]] std::string Printed() const;
  /// Whether the log is all that was printed.
  [[nodiscard]] bool Whole() const { return dropped_ == 0; }

 private:
  explicit StepOutput(Options options) : options_(std::move(options)) {}
  bool PumpOne(UniqueFd& fd, bool is_out);
  void Take(std::string_view bytes, bool is_out);
  void Forward(std::string_view bytes);

  Options options_;
  UniqueFd log_;
  UniqueFd write_out_, write_error_, read_out_, read_error_;
  std::uint64_t written_ = 0;
  std::uint64_t dropped_ = 0;
  std::string line_;
  std::string result_;
};

/// Prints a log again, as if the step had run. @errors as ErrnoError
Status Replay(const std::filesystem::path& log, int fd);

}  // namespace hone::local
