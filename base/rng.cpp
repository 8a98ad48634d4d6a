// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace hone {
namespace {

// Multipliers and Weyl increments of Philox4x32: Salmon et al. 2011, table 2 and section 3.3.
constexpr std::uint64_t kMul0 = 0xD2511F53;
constexpr std::uint64_t kMul1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

constexpr std::uint32_t High(std::uint64_t x) {
  return static_cast<std::uint32_t>(x >> 32U);
}
constexpr std::uint32_t Low(std::uint64_t x) {
  return static_cast<std::uint32_t>(x);
}

// Arithmetic stays in double, so that the numbers do not depend on the width of long double.
using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

}  // namespace

std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = kMul0 * counter[0];
    const std::uint64_t product1 = kMul1 * counter[2];
    counter = {High(product1) ^ counter[1] ^ key[0], Low(product1),
               High(product0) ^ counter[3] ^ key[1], Low(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

Rng::Rng(std::uint64_t seed, Scope scope, Purpose purpose, std::uint32_t counter)
    : key_{Low(seed), High(seed)},
      counter_{
          (static_cast<std::uint32_t>(scope.kind) << 16U) | static_cast<std::uint32_t>(purpose),
          scope.index, counter, 0} {}

void Rng::Refill() {
  block_ = Philox4x32(counter_, key_);
  ++counter_[3];
  used_ = 0;
}

Rng::result_type Rng::operator()() {
  if (used_ == 4) {
    Refill();
  }
  return block_[static_cast<std::size_t>(used_++)];
}

double Rng::Uniform() {
  const std::uint64_t high = (*this)();
  const std::uint64_t low = (*this)();
  return static_cast<double>(((high << 32U) | low) >> 11U) * 0x1p-53;
}

double Rng::Normal() {
  // The middle of one of 2^52 equal cells: never 0 or 1, and symmetric about 1/2.
  const double p = (std::floor(Uniform() * 0x1p52) + 0.5) * 0x1p-52;
  const bool lower = p < 0.5;
  const double tail = boost::math::erfc_inv(2 * (lower ? p : 1 - p), InDouble());
  return (lower ? -tail : tail) * std::numbers::sqrt2;
}

std::uint32_t Rng::Below(std::uint32_t n) {
  HONE_CHECK(n >= 1, "there is no number below 0");
  // Lemire 2019, "Fast random integer generation in an interval", algorithm 5.
  std::uint64_t product = std::uint64_t{(*this)()} * n;
  if (Low(product) < n) {
    const std::uint32_t threshold = (0U - n) % n;
    while (Low(product) < threshold) {
      product = std::uint64_t{(*this)()} * n;
    }
  }
  return High(product);
}

}  // namespace hone
