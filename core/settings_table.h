// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "core/settings.h"

namespace hone {

/// "required", the default, or "unset".
std::string DefaultOf(const SettingSpec& setting);

/// A schema as a table of Markdown, or "No settings.", with an empty line before it.
std::string SettingsTable(std::span<const SettingSpec> settings);

}  // namespace hone
