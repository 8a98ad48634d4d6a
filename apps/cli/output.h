// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "apps/cli/config.h"
#include "base/result.h"

/// Results on stdout, and nothing else there.
namespace hone::cli {

/// Writes and flushes. @errors kUnavailable, kResourceExhausted: stdout cannot be written (a closed
/// pipe, a full disk)
Status PrintText(std::string_view text);

/// A value as JSON on one line.
Status PrintLine(const nlohmann::json& value);

/// Whether stdout is a terminal.
bool StdoutIsTerminal();

/// A document as JSON (two blanks of indent) or YAML. @param format  not kTable
Status PrintDocument(const nlohmann::json& document, OutputFormat format);

}  // namespace hone::cli
