// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hone {

/// The text itself if it is valid UTF-8; else a copy in `buffer` with U+FFFD for what is not, so
/// that patterns see what Katib's would and the result can be stored anywhere.
std::string_view ValidUtf8(std::string_view text, std::string& buffer);

}  // namespace hone
