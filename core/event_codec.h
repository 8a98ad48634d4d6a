// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/event.h"

namespace hone {

/// The stored name of an event's kind: "TrialProposed".
std::string_view EventKind(const Event& event);
/// All kinds, in the order of the variant.
std::span<const std::string_view> EventKinds();

/// JSON object without blanks, empty fields left out. Golden files in tests/core/golden/ hold one
/// of each kind.
std::string EncodeEvent(const Event& event);
/// Unknown fields are ignored; missing ones take their default. @errors kDataLoss: unknown kind or
/// malformed payload
Result<Event> DecodeEvent(std::string_view kind, std::string_view payload);

/// {"min": .., "max": .., "latest": .., "seen": ..} for each metric; used by events and
/// projections.
std::string EncodeObservation(const Observation& observation);

}  // namespace hone
