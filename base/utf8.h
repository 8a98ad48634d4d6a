// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hone {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  ///< bytes; 0 if the text does not start with valid UTF-8
};

/// The first code point of a non-empty text, strictly: no overlong forms, surrogates or values
/// above U+10FFFF.
CodePoint FirstCodePoint(std::string_view text);

/// Whether the whole text is UTF-8, as strictly. The empty one is.
bool IsUtf8(std::string_view text);

}  // namespace hone
