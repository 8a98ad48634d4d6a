// SPDX-License-Identifier: Apache-2.0
#include "base/uid.h"

#include <unistd.h>

#include <array>
#include <string_view>

#include "base/check.h"

namespace hone {
namespace {

template <class T>
T Entropy() {
  T value{};
  HONE_CHECK(getentropy(&value, sizeof(value)) == 0, "the system has no entropy source");
  return value;
}

}  // namespace

Uid NewUid() {
  auto bytes = Entropy<std::array<std::uint8_t, 16>>();
  // RFC 4122 section 4.4: the version in the high half of byte 6, the variant in the top bits of 8.
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      text += '-';
    }
    text += kHex[bytes[i] >> 4U];
    text += kHex[bytes[i] & 0x0FU];
  }
  return Uid{std::move(text)};
}

std::uint64_t RandomSeed() {
  return Entropy<std::uint64_t>() >> 1U;
}

}  // namespace hone
