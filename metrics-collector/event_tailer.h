// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/ports/byte_source.h"
#include "metrics-collector/event_message.h"
#include "metrics-collector/log_reader.h"

namespace hone {

/// Whether TensorBoard takes a file of this name for an event file.
bool IsEventFile(std::string_view path);

/// Follows one TensorFlow event file (TFRecord frames of Event messages) in bounded memory. A frame
/// that is not whole yet is waited for; at the end of a final file it is damage, told in words. A
/// frame whose data has a wrong checksum, or is no message, is left out. Behind a wrong checksum of
/// a length nothing can be found any more: the rest of the file is left out. A frame of more than
/// 1 MiB (a graph, images) is skipped unread.
/// @source   tensorflow/core/lib/io/record_writer.h
class EventTailer final : public LogReader {
 public:
  /// @param offset  of a frame
  EventTailer(std::unique_ptr<ByteSource> source, EventMetrics metrics, std::uint64_t offset);
  Result<TailStep> Step(bool final) override;

 private:
  bool TakeFrame(std::string_view& rest, TailStep& step);
  bool SkipLong(std::string_view& rest);
  void Tell(TailStep& step, const std::string& what) const;

  std::unique_ptr<ByteSource> source_;
  EventMetrics metrics_;
  std::uint64_t frame_;      ///< where the frame begins that is read now
  std::uint64_t read_to_;    ///< how far the source was read
  std::uint64_t skip_ = 0;   ///< bytes of a long frame that are still to come
  std::string pending_;      ///< read, not yet a whole frame
  bool lost_ = false;        ///< nothing can be found behind a broken length
  bool told_short_ = false;  ///< that the last frame is not whole
};

}  // namespace hone
