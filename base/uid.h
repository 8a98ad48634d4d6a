// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace hone {

/// A random UUID (version 4) in text: "8f14e45f-ceea-467f-a0e6-...". Distinct from every other,
/// ever.
struct Uid {
  std::string text;
  auto operator<=>(const Uid&) const = default;
};

/// From the system's entropy. @threads safe
Uid NewUid();
/// 63 random bits from the system's entropy: positive as a signed number, so every store can hold
/// it.
std::uint64_t RandomSeed();

}  // namespace hone
