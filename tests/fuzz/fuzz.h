// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// What a fuzzer is made of. Each NAME_fuzz.cpp defines FuzzOne; what must not be is told by
/// HONE_CHECK, which aborts.
namespace hone::fuzz {

/// One input, made up by the fuzzer or from the corpus.
void FuzzOne(std::string_view input);

/// FuzzOne within a bound on the processor time that grows linearly with the input, so that work
/// that is quadratic in its length is found.
void FuzzWithinBounds(std::string_view input);

/// The input up to the first zero byte; `rest` becomes what is behind it.
std::string_view TakePart(std::string_view& rest);

}  // namespace hone::fuzz
