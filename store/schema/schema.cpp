// SPDX-License-Identifier: Apache-2.0
#include "store/schema/schema.h"

#include <boost/crc.hpp>
#include <charconv>

namespace hone::store {

std::string Checksum(std::string_view text) {
  // CRC-32C (Castagnoli): polynomial, start and end value of RFC 3720, appendix B.4.
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(text.data(), text.size());
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, crc.checksum(), 16).ptr;
  const auto length = static_cast<std::size_t>(end - digits);
  return std::string(sizeof digits - length, '0') + std::string(digits, length);
}

}  // namespace hone::store
