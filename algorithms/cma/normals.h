// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/rng.h"

namespace hone::cma {

/// Fills with independent standard normal numbers, several times as fast as Rng::Normal one by one.
/// The numbers are a function of the generator's state: a stream of their own, whose key and place
/// are the next four words of `rng`; the few of them that need more randomness take it from `rng`.
/// @source  Marsaglia & Tsang 2000, "The ziggurat method for generating random variables"; layer
/// and
///          place from different bits of a word: Doornik 2005
void FillNormals(Rng& rng, std::span<double> numbers);

/// The words of Philox4x32-10 from block `first` on, two a block, many blocks at a time. Public for
/// its known-answer test.
/// @param place  the upper three words of the counter
void FillWords(std::array<std::uint32_t, 2> key, std::array<std::uint32_t, 3> place,
               std::uint32_t first, std::span<std::uint64_t> words);

}  // namespace hone::cma
