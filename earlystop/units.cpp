// SPDX-License-Identifier: Apache-2.0
#include "earlystop/units.h"

#include "base/text.h"

namespace hone {

std::string Units::Text(double minimised) const {
  return FormatDouble(Own(minimised));
}

SettingSpec CountBySetting() {
  return ChoiceSetting(kCountBy, "reports", {"reports", kBySteps},
                       "steps: a report stands where its step says, the first 10,000 steps count, "
                       "and a step is taken once");
}

std::string CountOf(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace hone
