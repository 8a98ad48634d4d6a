// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/result.h"
#include "core/input.h"
#include "core/space.h"

namespace hone {

/// Whether a search algorithm's answers may be believed: one for each number, every value one of
/// its parameter's, inactive exactly those whose activeWhen does not hold, tags of at most 4 KiB,
/// finite budgets, no trial resumed twice.
/// @errors kInternal, naming trial, parameter and value: algorithms must not do that
Status CheckAnswers(const Space& space, std::span<const TrialNumber> numbers,
                    std::span<const Proposal> answers);

}  // namespace hone
