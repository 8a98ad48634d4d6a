// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What keeping and proving secrets needs, from libcrypto and the system.
namespace hone {

/// So many bytes of the system's entropy, two lower-case hexadecimal digits each.
/// @param bytes  at most 256. @threads safe
std::string RandomHex(std::size_t bytes);

/// Whether both are the same, in a time that depends on the lengths only.
bool EqualInConstantTime(std::string_view a, std::string_view b);

/// HMAC-SHA-256 (RFC 2104), 64 lower-case hexadecimal digits.
std::string HmacSha256(std::string_view key, std::string_view message);

}  // namespace hone
