// SPDX-License-Identifier: Apache-2.0
#include "core/ids.h"

#include <string_view>

#include "base/hash.h"

namespace hone {

std::string TrialName(const std::string& experiment_name, const TrialId& id) {
  // The letters that Katib's random names are made of: no vowels, no look-alikes.
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  const std::uint64_t key = StableHash(id.experiment.text);
  // 27^8 names are 38 bits; a bijection of the number keeps names of one experiment distinct:
  // multiply by an odd constant modulo 27^8 (27^8 is odd, so the constant must not be a multiple of
  // 3) and shift by the key.
  constexpr std::uint64_t kNames = 282429536481ULL;
  constexpr std::uint64_t kFactor = 2654435761ULL;  // times any 32-bit number still fits 64 bits
  static_assert(kFactor % 3 != 0);
  std::uint64_t code = (id.number * kFactor % kNames + key % kNames) % kNames;
  std::string name = experiment_name + "-";
  for (int i = 0; i < 8; ++i) {
    name += kAlphabet[code % kAlphabet.size()];
    code /= kAlphabet.size();
  }
  return name;
}

}  // namespace hone
