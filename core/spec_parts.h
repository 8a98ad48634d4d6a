// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "core/initial_trials.h"
#include "core/remote_service.h"
#include "core/spec.h"
#include "core/spec_fields.h"

/// Decoders of the larger parts of an experiment file. Internal to core/spec_*.cpp.
namespace hone {

/// `spec.parameters`: domains need numbers, so the rules of feasibleSpace are told here. A
/// parameter that cannot be decoded stays in the space with a harmless domain, so that other
/// checks of the same file make sense.
void DecodeSpace(Fields& spec, Space& space);
/// A list of parameters under `parameters`. @param default_distribution  written where none is
/// given; Katib writes none into operations of a NAS. @returns whether the list is there
bool DecodeParameters(Fields& holder, Space& space, bool default_distribution);
/// `spec.nasConfig`, with the rules of Katib's NAS services for operations.
void DecodeNas(Fields& spec, std::optional<NasSpec>& nas);
/// `spec.metricsCollectorSpec`, with Katib's defaults by kind. @param runner  with kAskTell the
/// workers report, which is Push
void DecodeCollector(Fields& spec, RunnerKind runner, CollectorSpec& collector);
/// `spec.trialTemplate`, with Katib's defaults by the kind of the run object; kAskTell has none.
void DecodeTemplate(Fields& spec, RunnerKind runner, TrialTemplate& trial);
/// `spec.resources`: becomes limits of the template's primary container, where that says nothing.
void DecodeResources(Fields& spec, TrialTemplate& trial);
/// `spec.initialTrials` and `spec.warmStart`, after the space; see core/initial_trials.h.
/// @param decoded  has the space; gets the warm start
std::vector<InitialTrial> DecodeInitialTrials(Fields& spec, ExperimentSpec& decoded);
/// A trial given by name of parameter, with what it leaves out put in; nothing if the space does
/// not allow it.
std::optional<Assignment> CompleteEntry(const Space& space, nlohmann::json entry);
/// `endpoint` and `endpointTimeout` of `spec.algorithm` or `spec.earlyStopping`; see
/// core/remote_service.h.
std::optional<RemoteService> DecodeEndpoint(Fields& holder);
/// A member that is a time with a unit, such as "90s" or "1h30m"; nothing if it is not there, or is
/// none (which is told).
std::optional<Duration> DecodeDuration(Fields& fields, std::string_view key);
/// `spec.runner`; the local one if it is not there.
RunnerKind DecodeRunner(Fields& spec);
/// hone's own fields of `spec`.
void DecodeOwnFields(Fields& fields, ExperimentSpec& spec);

}  // namespace hone
