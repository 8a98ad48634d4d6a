// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/problem.h"
#include "core/spec.h"
#include "trial-runner/trial_runner.h"

namespace hone {

/// Every check of an experiment before anything starts: the document's own (CheckSpec), the
/// algorithm's name, settings and abilities, the collector and its filters, and what the runner
/// cannot do. All problems are collected.
void Admit(const ExperimentSpec& spec, const TrialRunner& runner, Problems& problems);

}  // namespace hone
