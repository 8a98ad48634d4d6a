// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/record_frame.h"

#include <bit>
#include <boost/crc.hpp>

namespace hone {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

template <class Number>
std::string BytesOf(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

}  // namespace

std::uint32_t MaskedChecksum(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const std::uint32_t value = crc.checksum();
  constexpr std::uint32_t kMaskDelta = 0xa282ead8U;
  return ((value >> 15U) | (value << 17U)) + kMaskDelta;
}

std::string FrameRecord(std::string_view data) {
  const std::string length = BytesOf(std::uint64_t{data.size()});
  std::string frame = length + BytesOf(MaskedChecksum(length));
  frame += data;
  return frame + BytesOf(MaskedChecksum(data));
}

}  // namespace hone
