// SPDX-License-Identifier: Apache-2.0
#include "accelerator/level.h"

#include "base/text.h"

namespace hone {
namespace {

constexpr std::string_view kBegin = "+cuda[";
constexpr std::string_view kFactor = "; factor ";
constexpr std::string_view kPredict = "; predict ";
constexpr std::string_view kFrom = "from ";
constexpr std::string_view kNever = "never";

std::string Word(const std::optional<std::int64_t>& from) {
  return from ? std::string(kFrom) + std::to_string(*from) : std::string(kNever);
}

/// @returns  whether it is one
bool ReadWord(std::string_view text, std::optional<std::int64_t>& from) {
  if (text == kNever) {
    from.reset();
    return true;
  }
  if (!text.starts_with(kFrom)) {
    return false;
  }
  from = ParseInt(text.substr(kFrom.size()));
  return from.has_value();
}

}  // namespace

std::string LevelText(std::string_view instruction_set, const DeviceLevel& device) {
  return std::string(instruction_set) + std::string(kBegin) + device.identity +
         std::string(kFactor) + Word(device.from.factor) + std::string(kPredict) +
         Word(device.from.predict) + "]";
}

std::optional<DeviceLevel> DeviceOfLevel(std::string_view level) {
  const std::size_t begin = level.find(kBegin);
  if (begin == std::string_view::npos || !level.ends_with("]")) {
    return std::nullopt;
  }
  level.remove_prefix(begin + kBegin.size());
  level.remove_suffix(1);
  const std::size_t factor = level.rfind(kFactor);
  const std::size_t predict = level.rfind(kPredict);
  if (factor == std::string_view::npos || predict == std::string_view::npos || predict < factor) {
    return std::nullopt;
  }
  DeviceLevel device;
  device.identity = level.substr(0, factor);
  const std::size_t after = factor + kFactor.size();
  const bool read = ReadWord(level.substr(after, predict - after), device.from.factor) &&
                    ReadWord(level.substr(predict + kPredict.size()), device.from.predict);
  return read && !device.from.Never() ? std::optional(device) : std::nullopt;
}

}  // namespace hone
