// SPDX-License-Identifier: Apache-2.0
#include "algorithms/cma_space.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

#include "algorithms/cma/strategy.h"

namespace hone {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr std::size_t kDigits = 4;  // of 6 bits
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr double kMostImages = 1 << 22;

void Append(std::string& memo, std::uint32_t bits) {
  for (std::size_t i = 0; i < kDigits; ++i) {
    memo += kAlphabet[(bits >> (6 * (kDigits - 1 - i))) & 63U];
  }
}

/// Reads what Append wrote. @param memo  of the alphabet only
std::uint32_t Take(std::string_view& memo) {
  std::uint32_t bits = 0;
  for (const char digit : memo.substr(0, kDigits)) {
    bits = bits << 6U | static_cast<std::uint32_t>(kAlphabet.find(digit));
  }
  memo.remove_prefix(kDigits);
  return bits;
}

/// A number with 16 binary digits: the upper three bytes of a float.
std::uint32_t ShortOf(double x) {
  constexpr float kLargest = 1e30F;
  const float near = std::clamp(static_cast<float>(x), -kLargest, kLargest);
  return (std::bit_cast<std::uint32_t>(near) + 0x80U) >> 8U;
}

double OfShort(std::uint32_t bits) {
  const auto x = static_cast<double>(std::bit_cast<float>(bits << 8U));
  return std::isfinite(x) ? x : 0;
}

/// Which mirror image of [0, 1] holds r, and back: images of even number stand upright.
std::uint32_t ImageOf(double r) {
  return static_cast<std::uint32_t>(std::clamp(std::floor(r), -kMostImages, kMostImages) +
                                    kMostImages);
}

double Unfold(double u, std::uint32_t image) {
  const double k = static_cast<double>(image) - kMostImages;
  return image % 2 == 0 ? k + u : k + 1 - u;
}

}  // namespace

CmaSpace::CmaSpace(SpaceEncoder encoder) : encoder_(std::move(encoder)) {
  for (std::size_t p = 0; p < encoder_.dimensions(); ++p) {
    const std::uint64_t cells = encoder_.Cells(p).value_or(0);
    if (cells == 1) {
      continue;
    }
    if (encoder_.IsCategorical(p) && cells > 2) {
      categorical_.push_back(p);
      choices_.push_back(static_cast<Index>(cells));
      continue;
    }
    const double quartiles = encoder_.FromUniform(p, 0.75) - encoder_.FromUniform(p, 0.25);
    coordinates_.push_back({p, cells > 0, 2 * quartiles});
  }
}

Index CmaSpace::numbers() const {
  return std::max<Index>(1, static_cast<Index>(coordinates_.size()));
}

Index CmaSpace::stepped() const {
  return std::ranges::count(coordinates_, true, &Coordinate::stepped);
}

VectorXd CmaSpace::FromUniform(const VectorXd& u) const {
  VectorXd x = u;
  for (std::size_t i = 0; i < coordinates_.size(); ++i) {
    const auto at = static_cast<Index>(i);
    x[at] = encoder_.FromUniform(coordinates_[i].parameter, u[at]) / coordinates_[i].width;
  }
  return x;
}

Assignment CmaSpace::Decode(const CmaPoint& point) const {
  std::vector<double> u(encoder_.dimensions(), 0.5);
  for (std::size_t i = 0; i < coordinates_.size(); ++i) {
    const Coordinate& c = coordinates_[i];
    const double r = point.x[static_cast<Index>(i)] * c.width;
    u[c.parameter] = c.stepped ? r : cma::Reflect(r);
  }
  for (std::size_t i = 0; i < categorical_.size(); ++i) {
    u[categorical_[i]] =
        encoder_.MiddleOf(categorical_[i], static_cast<std::uint64_t>(point.choices[i]));
  }
  return encoder_.Decode(u);
}

std::optional<cma::Cell> CmaSpace::CellOf(Index coordinate, double x) const {
  const auto i = static_cast<std::size_t>(coordinate);
  if (i >= coordinates_.size() || !coordinates_[i].stepped) {
    return std::nullopt;
  }
  const auto& [parameter, stepped, width] = coordinates_[i];
  const std::uint64_t cell = encoder_.CellOf(parameter, x * width);
  cma::Cell around;
  if (cell > 0) {
    around.low = encoder_.EdgeOf(parameter, cell) / width;
  }
  if (cell + 1 < encoder_.Cells(parameter).value_or(0)) {
    around.high = encoder_.EdgeOf(parameter, cell + 1) / width;
  }
  return around;
}

std::string CmaSpace::Memo(const CmaPoint& point, const Assignment& values) const {
  std::string memo;
  const Result<std::vector<double>> u = encoder_.Encode(values);
  for (std::size_t i = 0; u && i < coordinates_.size(); ++i) {
    const Coordinate& c = coordinates_[i];
    const double r = point.x[static_cast<Index>(i)] * c.width;
    const bool folded = values[c.parameter].active && !c.stepped;
    Append(memo, folded ? ImageOf(r) : ShortOf(r - (*u)[c.parameter]));
  }
  for (std::size_t i = 0; i < categorical_.size(); ++i) {
    Append(memo, static_cast<std::uint32_t>(point.choices[i]));
  }
  return memo;
}

Result<CmaPoint> CmaSpace::Encode(const Assignment& values, std::string_view memo) const {
  HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder_.Encode(values));
  const bool fits = memo.size() == kDigits * (coordinates_.size() + categorical_.size()) &&
                    memo.find_first_not_of(kAlphabet) == std::string_view::npos;
  CmaPoint point{VectorXd::Constant(numbers(), 0.5), {}};
  for (std::size_t i = 0; i < coordinates_.size(); ++i) {
    const Coordinate& c = coordinates_[i];
    const bool folded = values[c.parameter].active && !c.stepped;
    double r = u[c.parameter];
    if (fits) {
      const std::uint32_t bits = Take(memo);
      r = folded ? Unfold(r, bits) : r + OfShort(bits);
    }
    point.x[static_cast<Index>(i)] = r / c.width;
  }
  for (std::size_t i = 0; i < categorical_.size(); ++i) {
    // Of an inactive one only the memo knows the choice.
    const auto told = fits ? static_cast<Index>(Take(memo)) : choices_[i];
    const std::size_t p = categorical_[i];
    const bool by_memo = !values[p].active && told < choices_[i];
    point.choices.push_back(by_memo ? told : static_cast<Index>(encoder_.CellOf(p, u[p])));
  }
  return point;
}

}  // namespace hone
