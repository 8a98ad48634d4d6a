// SPDX-License-Identifier: Apache-2.0
#include "algorithms/seed.h"

namespace hone {
namespace {

constexpr char kName[] = "random_state";

}  // namespace

SettingSpec RandomStateSetting() {
  return IntSetting(kName, std::nullopt, {.min = 0},
                    "seed of the algorithm; wins over the experiment's seed");
}

std::uint64_t SeedOf(const Settings& settings, std::uint64_t experiment_seed) {
  return settings.Has(kName) ? static_cast<std::uint64_t>(settings.Int(kName)) : experiment_seed;
}

}  // namespace hone
