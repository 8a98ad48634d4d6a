// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/utf8.h"

#include <algorithm>
#include <boost/nowide/utf/convert.hpp>

namespace hone {

std::string_view ValidUtf8(std::string_view text, std::string& buffer) {
  const bool ascii =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) {
    return text;
  }
  buffer = boost::nowide::utf::convert_string<char>(text.data(), text.data() + text.size());
  return buffer;
}

}  // namespace hone
