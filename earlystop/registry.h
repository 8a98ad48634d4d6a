// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/registry.h"
#include "core/settings.h"
#include "earlystop/front_rule.h"
#include "earlystop/stopper.h"

namespace hone {

/// All that is known of a rule of early stopping outside its own file.
struct StopperInfo {
  std::string name{};  ///< filled in by the registration macro
  std::string summary{};
  std::string source{};  ///< paper or reference
  std::vector<SettingSpec> settings{};
  bool stands = false;  ///< Standing() says the rule as a bar for new trials
  Result<std::unique_ptr<Stopper>> (*create)(const StopperContext&) = nullptr;
  /// For several objectives; null: the rule cannot judge them.
  Result<std::unique_ptr<FrontRule>> (*create_for_several)(const StopperContext&) = nullptr;
};

using StopperRegistry = Registry<StopperInfo>;

}  // namespace hone

/// At namespace scope of a rule's .cpp: HONE_REGISTER_STOPPER(asha, {.summary = ..., .create =
/// &Create});
#define HONE_REGISTER_STOPPER(id, ...)                              \
  [[maybe_unused]] static const bool hone_registered_stopper_##id = \
      ::hone::StopperRegistry::Instance().Add(#id, ::hone::StopperInfo __VA_ARGS__)
