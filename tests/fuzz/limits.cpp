// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "tests/fuzz/fuzz.h"

namespace hone::fuzz {
namespace {

// Generous for instrumented code on a slow processor, and far below what a loop over all pairs of
// bytes would take: 64 KiB may use 1.8 s, where 2^32 steps of a nanosecond use 4.3 s.
constexpr double kSeconds = 0.5;
constexpr double kSecondsPerByte = 20e-6;

double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

void FuzzWithinBounds(std::string_view input) {
  const double began = ProcessorSeconds();
  FuzzOne(input);
  const double used = ProcessorSeconds() - began;
  const double allowed = kSeconds + kSecondsPerByte * static_cast<double>(input.size());
  if (used > allowed) {
    std::fprintf(stderr, "fuzz: %zu bytes took %.2f s of the processor, more than %.2f s\n",
                 input.size(), used, allowed);
    std::abort();
  }
}

std::string_view TakePart(std::string_view& rest) {
  const std::string_view part = rest.substr(0, rest.find('\0'));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

}  // namespace hone::fuzz
