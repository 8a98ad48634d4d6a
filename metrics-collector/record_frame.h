// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hone {

/// CRC-32C of some bytes as TFRecord keeps it: rotated and shifted, because the checksum of data
/// that holds checksums is weak.
/// @source tensorflow/core/lib/hash/crc32c.h
std::uint32_t MaskedChecksum(std::string_view bytes);

/// A record of a TFRecord file: length, checksum of it, data, checksum of them.
/// @source tensorflow/core/lib/io/record_writer.h
std::string FrameRecord(std::string_view data);

}  // namespace hone
