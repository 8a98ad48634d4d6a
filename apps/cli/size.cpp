// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/size.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::string_view kUnits = "KMGT";
constexpr std::int64_t kLargestSize = std::int64_t{1} << 50;

}  // namespace

std::optional<std::uint64_t> ParseSize(std::string text) {
  const bool binary = text.ends_with("iB");
  if (binary) {
    text.resize(text.size() - 2);
  }
  std::size_t shift = 0;
  if (const auto unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
      unit != std::string_view::npos) {
    text.pop_back();
    shift = 10 * (unit + 1);
  }
  const auto number = ParseInt(text);
  if (!number || *number < 0 || *number > (kLargestSize >> shift) || (binary && shift == 0)) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*number) << shift;
}

std::string FormatSize(std::uint64_t bytes) {
  if (bytes < 1024) {
    return std::to_string(bytes) + " B";
  }
  auto size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %ciB", size, kUnits[unit]);
  return text.data();
}

}  // namespace hone::cli
