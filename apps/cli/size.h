// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// Numbers of bytes as people write and read them. Pure.
namespace hone::cli {

/// Digits, and perhaps K, M, G or T (of 1024), or KiB, MiB, GiB, TiB; nothing for other texts and
/// for more than 1024T.
std::optional<std::uint64_t> ParseSize(std::string text);

/// "512 B", "64.0 KiB", "1.5 GiB".
std::string FormatSize(std::uint64_t bytes);

}  // namespace hone::cli
