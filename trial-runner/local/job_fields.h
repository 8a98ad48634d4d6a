// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// What the local runner makes of each field of a Job, its pod and its container.
namespace hone::local {

/// How a field of Kubernetes' is treated when it has a value. What is not in a list is unknown.
enum class Treatment {
  kTaken,    ///< honoured
  kSilent,   ///< means nothing on one machine (image pulling, scheduling, clean-up)
  kWarned,   ///< not honoured; the trial runs without it
  kRefused,  ///< without it the trial would not be what the user asked for
};

struct FieldRule {
  std::string_view name;
  Treatment treatment;
  std::string_view advice;  ///< for kWarned and kRefused: what happens, or what to do
};

/// What a trial becomes on this machine.
enum class Place { kProcess, kContainer };

std::span<const FieldRule> JobRules();
/// @param place  a container has volumes and an image of its own
std::span<const FieldRule> PodRules(Place place);
std::span<const FieldRule> ContainerRules(Place place);

}  // namespace hone::local
