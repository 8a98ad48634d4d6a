// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace hone {

/// Builds a protocol buffers message, field by field. Numbers that are 0 and empty texts are
/// written too: whoever calls leaves out what is not meant.
/// @source https://protobuf.dev/programming-guides/encoding/
class MessageWriter {
 public:
  MessageWriter& Varint(std::uint32_t field, std::uint64_t value);
  MessageWriter& Float(std::uint32_t field, float value);
  MessageWriter& Double(std::uint32_t field, double value);
  /// A text, or a message.
  MessageWriter& Bytes(std::uint32_t field, std::string_view bytes);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void Key(std::uint32_t field, std::uint32_t wire);
  void Number(std::uint64_t value);
  std::string bytes_;
};

/// Records of an event file as TensorBoard reads it, framed. The first one of a file is
/// VersionRecord.
std::string VersionRecord(Timestamp at);
/// One point of a curve.
std::string ScalarRecord(Timestamp at, std::int64_t step, std::string_view tag, float value);
/// A summary of another plugin. @param content  the plugin's own message
std::string PluginRecord(Timestamp at, std::string_view tag, std::string_view plugin,
                         std::string_view content);

}  // namespace hone
