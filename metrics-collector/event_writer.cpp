// SPDX-License-Identifier: Apache-2.0
// Field numbers are those of tensorflow/core/util/event.proto and framework/summary.proto.
#include "metrics-collector/event_writer.h"

#include <bit>
#include <cstring>

#include "metrics-collector/record_frame.h"

namespace hone {
namespace {

constexpr std::uint32_t kVarintWire = 0;
constexpr std::uint32_t kFixed64Wire = 1;
constexpr std::uint32_t kBytesWire = 2;
constexpr std::uint32_t kFixed32Wire = 5;

double Seconds(Timestamp at) {
  return static_cast<double>(at.time_since_epoch().count()) / 1e6;
}

/// An event with one value of a summary.
std::string EventRecord(Timestamp at, std::int64_t step, const MessageWriter& value) {
  MessageWriter summary;
  summary.Bytes(1, value.bytes());
  MessageWriter event;
  event.Double(1, Seconds(at));
  event.Varint(2, static_cast<std::uint64_t>(step));
  event.Bytes(5, summary.bytes());
  return FrameRecord(event.bytes());
}

}  // namespace

MessageWriter& MessageWriter::Varint(std::uint32_t field, std::uint64_t value) {
  Key(field, kVarintWire);
  Number(value);
  return *this;
}

MessageWriter& MessageWriter::Float(std::uint32_t field, float value) {
  Key(field, kFixed32Wire);
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.append(raw, sizeof raw);
  return *this;
}

MessageWriter& MessageWriter::Double(std::uint32_t field, double value) {
  Key(field, kFixed64Wire);
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.append(raw, sizeof raw);
  return *this;
}

MessageWriter& MessageWriter::Bytes(std::uint32_t field, std::string_view bytes) {
  Key(field, kBytesWire);
  Number(bytes.size());
  bytes_ += bytes;
  return *this;
}

void MessageWriter::Key(std::uint32_t field, std::uint32_t wire) {
  Number((std::uint64_t{field} << 3U) | wire);
}

void MessageWriter::Number(std::uint64_t value) {
  constexpr std::uint64_t kMore = 0x80U;
  for (; value >= kMore; value >>= 7U) {
    bytes_ += static_cast<char>((value & 0x7FU) | kMore);
  }
  bytes_ += static_cast<char>(value);
}

std::string VersionRecord(Timestamp at) {
  MessageWriter event;
  event.Double(1, Seconds(at)).Bytes(3, "brain.Event:2");
  return FrameRecord(event.bytes());
}

std::string ScalarRecord(Timestamp at, std::int64_t step, std::string_view tag, float value) {
  MessageWriter entry;
  entry.Bytes(1, tag).Float(2, value);
  return EventRecord(at, step, entry);
}

std::string PluginRecord(Timestamp at, std::string_view tag, std::string_view plugin,
                         std::string_view content) {
  MessageWriter data;
  data.Bytes(1, plugin).Bytes(2, content);
  MessageWriter metadata;
  metadata.Bytes(1, data.bytes());
  MessageWriter entry;
  entry.Bytes(1, tag).Bytes(9, metadata.bytes());
  return EventRecord(at, 0, entry);
}

}  // namespace hone
