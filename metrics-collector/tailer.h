// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/observation.h"
#include "core/ports/byte_source.h"
#include "metrics-collector/log_reader.h"
#include "metrics-collector/parser.h"

namespace hone {

/// Follows a growing log from an offset on, line by line, in bounded memory; NULs and invalid UTF-8
/// are harmless. A line ends at LF or CR LF. In a line longer than 64 KiB every CR ends a line too
/// (a progress bar that never writes LF), and what has neither is cut at a word's end.
/// A log that was cut or replaced is read from its new beginning on; a line whose end is gone with
/// the old bytes is dropped, because half of a number is another number.
/// A Tailer that starts at the `offset_after` of another one goes on exactly where that one was.
/// @threads  one at a time
class Tailer final : public LogReader {
 public:
  Tailer(std::unique_ptr<ByteSource> source, const MetricParser& parser, std::uint64_t offset);

  /// Reads at most 256 KiB. @param final  the log is complete: an unfinished last line counts as a
  /// line
  /// @errors  those of the source; nothing is lost then, the next Step reads the same bytes
  Result<TailStep> Step(bool final) override;

  /// While the parser is called: how many LF stand before its line, counted from the first offset.
  [[nodiscard]] std::uint64_t lines_before() const { return lines_before_; }

 private:
  using Records = std::vector<MetricRecord>;
  void StartOver();
  Status SkipGap();
  void TakeLines(std::string_view bytes, Records& out);
  void TakePart(std::string_view bytes, Records& out);
  std::size_t SkipRest(std::string_view bytes, Records& out);
  void Overflow(Records& out);
  void EndLine(Records& out);

  std::unique_ptr<ByteSource> source_;
  const MetricParser& parser_;
  std::uint64_t offset_;      // of the first byte not yet in records
  std::uint64_t read_up_to_;  // offset_ plus what is in partial_ plus what was cut
  std::uint64_t lines_before_ = 0;
  std::string partial_;
  bool cutting_ = false;  // partial_ is full and the rest of the line is dropped
};

}  // namespace hone
