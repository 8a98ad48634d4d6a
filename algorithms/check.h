// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "algorithms/registry.h"
#include "core/problem.h"
#include "core/settings.h"
#include "core/spec.h"

namespace hone {

/// An experiment's algorithm and its checked settings, defaults filled in.
struct AlgorithmChoice {
  const SearcherInfo* info = nullptr;  ///< lives as long as the program
  Settings settings;
};

/// All checks between an experiment and its algorithm: the name is registered, its settings fit the
/// schema, it can honour the kinds of parameter, distributions, conditions and parallelism, and its
/// own check passes.
/// @param problems  what it holds already says which parts of the spec are wrong: those are left
///                  alone
/// @returns  nothing if the algorithm is not known; else what was found, to be used only if
///           `problems` has no errors
std::optional<AlgorithmChoice> CheckAlgorithm(const ExperimentSpec& spec, Problems& problems);

/// What a searcher of this experiment is made from. References into both arguments.
SearchContext ContextOf(const ExperimentSpec& spec, const Settings& settings, std::uint64_t seed);

}  // namespace hone
