// SPDX-License-Identifier: Apache-2.0
#include "earlystop/units.h"

#include "base/text.h"

namespace hone {

std::string Units::Text(double minimised) const {
  return FormatDouble(Own(minimised));
}

std::string CountOf(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace hone
