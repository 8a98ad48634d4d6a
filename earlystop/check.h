// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/problem.h"
#include "core/spec.h"

namespace hone {

/// All checks between an experiment and its rule of early stopping, if it has one.
void CheckEarlyStopping(const ExperimentSpec& spec, Problems& problems);

}  // namespace hone
