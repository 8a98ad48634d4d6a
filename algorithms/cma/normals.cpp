// SPDX-License-Identifier: Apache-2.0
#include "algorithms/cma/normals.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace hone::cma {
namespace {

// Philox4x32, as in base/rng.cpp: Salmon et al. 2011, table 2 and section 3.3.
[[maybe_unused]] constexpr std::uint64_t kMul0 = 0xD2511F53;
[[maybe_unused]] constexpr std::uint64_t kMul1 = 0xCD9E8D57;
[[maybe_unused]] constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
[[maybe_unused]] constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
[[maybe_unused]] constexpr int kRounds = 10;
// Blocks at a time: two registers of AVX2 with four each.
constexpr std::size_t kLanes = 8;

constexpr std::size_t kLayers = 256;
constexpr double kTail = 3.6541528853610088;  // r of 256 layers, Marsaglia & Tsang 2000
constexpr std::size_t kChunk = 256;           // words at a time, 2 KiB

double Density(double x) {
  return std::exp(-0.5 * x * x);
}

/// Layers of equal area below the density, from the base to the top: layer i lies between the
/// heights f[i] and f[i + 1] and is x[i] wide; x[i + 1] of it is below the curve everywhere.
struct Ziggurat {
  std::array<double, kLayers + 1> x{};
  std::array<double, kLayers + 1> f{};

  Ziggurat() {
    const double tail = std::sqrt(std::numbers::pi / 2) * std::erfc(kTail / std::numbers::sqrt2);
    const double area = kTail * Density(kTail) + tail;
    x[0] = area / Density(kTail);
    x[1] = kTail;
    f[1] = Density(kTail);
    for (std::size_t i = 2; i < kLayers; ++i) {
      f[i] = f[i - 1] + area / x[i - 1];
      x[i] = std::sqrt(-2 * std::log(f[i]));
    }
    f[kLayers] = 1;
  }
};

const Ziggurat& Table() {
  static const Ziggurat kTable;
  return kTable;
}

/// Beyond the base layer (Marsaglia 1964).
double FromTail(Rng& rng) {
  while (true) {
    const double a = -std::log(1 - rng.Uniform()) / kTail;
    const double b = -std::log(1 - rng.Uniform());
    if (2 * b >= a * a) {
      return kTail + a;
    }
  }
}

std::size_t LayerOf(std::uint64_t word) {
  return word % kLayers;
}

/// Uniform in [-1, 1), of the upper 54 bits.
double PlaceOf(std::uint64_t word) {
  return static_cast<double>(static_cast<std::int64_t>(word) >> 10) * 0x1p-53;
}

/// What becomes of a point that is not below the curve for certain: one in eighty.
double Settle(Rng& rng, const Ziggurat& table, std::uint64_t word) {
  while (true) {
    const std::size_t layer = LayerOf(word);
    const double x = PlaceOf(word) * table.x[layer];
    if (std::abs(x) < table.x[layer + 1]) {
      return x;
    }
    if (layer == 0) {
      return std::copysign(FromTail(rng), x);
    }
    const double height = table.f[layer + 1] - table.f[layer];
    if (table.f[layer] + rng.Uniform() * height < Density(x)) {
      return x;
    }
    const std::uint64_t high = rng();
    word = high << 32U | rng();
  }
}

#ifdef __AVX2__

/// Four blocks, a counter's word in the lower half of each 64-bit lane; upper halves do not count.
struct Quad {
  __m256i c0;
  __m256i c1;
  __m256i c2;
  __m256i c3;

  Quad(std::array<std::uint32_t, 3> place, std::uint32_t first)
      : c0(_mm256_set1_epi64x(place[0])),
        c1(_mm256_set1_epi64x(place[1])),
        c2(_mm256_set1_epi64x(place[2])),
        c3(_mm256_set_epi64x(first + 3U, first + 2U, first + 1U, first)) {}

  void Round(__m256i key0, __m256i key1) {
    const __m256i product0 = _mm256_mul_epu32(c0, _mm256_set1_epi64x(kMul0));
    const __m256i product1 = _mm256_mul_epu32(c2, _mm256_set1_epi64x(kMul1));
    c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product1, 32), c1), key0);
    c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product0, 32), c3), key1);
    c1 = product1;
    c3 = product0;
  }

  void Store(std::uint64_t* words) const {
    const __m256i even = _mm256_blend_epi32(c1, _mm256_slli_epi64(c0, 32), 0xAA);
    const __m256i odd = _mm256_blend_epi32(c3, _mm256_slli_epi64(c2, 32), 0xAA);
    const __m256i low = _mm256_unpacklo_epi64(even, odd);
    const __m256i high = _mm256_unpackhi_epi64(even, odd);
    auto* const out = reinterpret_cast<__m256i*>(words);
    _mm256_storeu_si256(out, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(low, high, 0x31));
  }
};

/// Two words of each of kLanes blocks.
void Blocks(std::array<std::uint32_t, 2> key, std::array<std::uint32_t, 3> place,
            std::uint32_t first, std::uint64_t* words) {
  Quad a(place, first);  // two that do not wait for each other
  Quad b(place, first + 4);
  for (int round = 0; round < kRounds; ++round) {
    const __m256i key0 = _mm256_set1_epi64x(key[0]);
    const __m256i key1 = _mm256_set1_epi64x(key[1]);
    a.Round(key0, key1);
    b.Round(key0, key1);
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  a.Store(words);
  b.Store(words + 8);
}

#else

/// Two words of each of kLanes blocks.
void Blocks(std::array<std::uint32_t, 2> key, std::array<std::uint32_t, 3> place,
            std::uint32_t first, std::uint64_t* words) {
  for (std::size_t l = 0; l < kLanes; ++l) {
    const auto number = static_cast<std::uint32_t>(first + l);
    const auto block = Philox4x32({place[0], place[1], place[2], number}, key);
    words[2 * l] = std::uint64_t{block[0]} << 32U | block[1];
    words[2 * l + 1] = std::uint64_t{block[2]} << 32U | block[3];
  }
}

#endif

}  // namespace

void FillWords(std::array<std::uint32_t, 2> key, std::array<std::uint32_t, 3> place,
               std::uint32_t first, std::span<std::uint64_t> words) {
  std::size_t done = 0;
  for (; done + 2 * kLanes <= words.size(); done += 2 * kLanes) {
    Blocks(key, place, first, words.data() + done);
    first += kLanes;
  }
  if (done < words.size()) {
    std::array<std::uint64_t, 2 * kLanes> last;
    Blocks(key, place, first, last.data());
    std::copy_n(last.begin(), words.size() - done,
                words.begin() + static_cast<std::ptrdiff_t>(done));
  }
}

void FillNormals(Rng& rng, std::span<double> numbers) {
  const Ziggurat& table = Table();
  const std::array<std::uint32_t, 2> key{rng(), rng()};
  const std::array<std::uint32_t, 3> place{rng(), rng(), 0};
  std::array<std::uint64_t, kChunk> words;
  for (std::size_t done = 0; done < numbers.size(); done += kChunk) {
    const std::size_t count = std::min(kChunk, numbers.size() - done);
    FillWords(key, place, static_cast<std::uint32_t>(done / 2), std::span(words).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t layer = LayerOf(words[i]);
      const double x = PlaceOf(words[i]) * table.x[layer];
      const bool below = std::abs(x) < table.x[layer + 1];
      numbers[done + i] = below ? x : Settle(rng, table, words[i]);
    }
  }
}

}  // namespace hone::cma
