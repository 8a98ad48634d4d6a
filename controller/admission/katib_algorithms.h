// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "core/settings.h"

/// Algorithms of Katib that hone has no code for yet. An experiment that names one is sound, so
/// that its settings are checked like all others; running it is refused. A row goes when the
/// algorithm comes.
namespace hone {

struct KatibAlgorithm {
  std::string_view name;
  std::vector<SettingSpec> settings;
  bool ignores_unknown_settings = false;
};

/// Null if Katib has no such algorithm.
const KatibAlgorithm* FindKatibSearch(std::string_view name);

}  // namespace hone
