// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/settings.h"

namespace hone {

/// The setting that Katib's random algorithms share.
SettingSpec RandomStateSetting();

/// The seed of an algorithm's random streams: its own random_state wins over the experiment's seed.
std::uint64_t SeedOf(const Settings& settings, std::uint64_t experiment_seed);

}  // namespace hone
