// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace hone {

/// What a random stream is for. A number never changes its meaning: replays depend on it.
enum class Purpose : std::uint32_t {
  kSample = 1,       ///< a trial's own parameter values
  kScramble = 2,     ///< scrambling of a low-discrepancy sequence
  kShuffle = 3,      ///< order of a finite set
  kFit = 4,          ///< fitting a model
  kAcquisition = 5,  ///< searching for the best candidate
  kMutation = 6,     ///< variation operators
  kSimulation = 7,   ///< the simulated runner and tests
};

/// What a random stream belongs to.
struct Scope {
  enum class Kind : std::uint32_t { kExperiment = 0, kGeneration = 1, kBracket = 2, kTrial = 3 };
  Kind kind = Kind::kExperiment;
  std::uint32_t index = 0;

  static constexpr Scope Experiment() { return {}; }
  static constexpr Scope Trial(std::uint32_t number) { return {Kind::kTrial, number}; }
};

/// Counter-based random numbers: Philox4x32-10 keyed by the seed, counting (scope kind and purpose,
/// scope index, counter, block). Two streams with different coordinates never overlap, and a stream
/// costs nothing to create, so the same trial gets the same numbers in whatever order trials are
/// asked for. Meets UniformRandomBitGenerator, for use with Boost.Random's distributions (those of
/// <random> differ by library).
/// @threads  a value; copies are independent
/// @source   Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"
class Rng {
 public:
  using result_type = std::uint32_t;

  Rng(std::uint64_t seed, Scope scope, Purpose purpose, std::uint32_t counter = 0);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()();

  /// Uniform in [0, 1) with 53 bits.
  double Uniform();
  /// Standard normal, by inversion: one uniform a number, so streams stay aligned.
  double Normal();
  /// Uniform in {0, ..., n-1} without bias; n >= 1.
  std::uint32_t Below(std::uint32_t n);

 private:
  void Refill();

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

/// One Philox4x32-10 block, public for its known-answer test.
std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// Fisher-Yates, portable across libraries.
template <class T>
void Shuffle(std::span<T> items, Rng& rng) {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[rng.Below(static_cast<std::uint32_t>(i))]);
  }
}

}  // namespace hone
