// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/state.h"

namespace hone::cli {

/// An experiment's trials as CSV (RFC 4180, with line feeds): a line of heads and one for each
/// trial, in the order of numbers. Columns: trial, status, start, end, each parameter, each metric.
/// Empty: not active, never reported, not started. A name that an earlier column has gets
/// "parameter." or "metric." before it. Texts are as reported, whatever bytes they have.
std::string TrialsCsv(const ExperimentState& state);

}  // namespace hone::cli
