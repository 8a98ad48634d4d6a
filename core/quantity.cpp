// SPDX-License-Identifier: Apache-2.0
#include "core/quantity.h"

#include <cmath>

#include "base/text.h"

namespace hone {
namespace {

struct Suffix {
  std::string_view text;
  double factor;
};

// Two-letter suffixes first, so that "Mi" is not read as "i" after "M".
constexpr Suffix kSuffixes[] = {{"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40},
                                {"Pi", 0x1p50}, {"Ei", 0x1p60}, {"n", 1e-9},    {"u", 1e-6},
                                {"m", 1e-3},    {"k", 1e3},     {"M", 1e6},     {"G", 1e9},
                                {"T", 1e12},    {"P", 1e15},    {"E", 1e18}};

}  // namespace

std::optional<double> ParseQuantity(std::string_view text) {
  double factor = 1;
  for (const Suffix& suffix : kSuffixes) {
    if (text.ends_with(suffix.text)) {
      text.remove_suffix(suffix.text.size());
      factor = suffix.factor;
      break;
    }
  }
  const std::optional<double> number = ParseDouble(text);
  if (!number || !std::isfinite(*number) || *number < 0) {
    return std::nullopt;
  }
  return *number * factor;
}

}  // namespace hone
