// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// What Katib's wire keeps of the lineage of a trial: its name, which a suggestion may choose, and
/// the folder of that name on the volume that the controller mounts into the trial.
namespace hone {

/// "small-m3-g2-t17-p12": the segment with the tag "m3 g2", suggestion 17, which goes on with that
/// of number 12.
struct LineageName {
  std::string tag;
  std::uint32_t number = 0;  ///< of the suggestion, from 1
  std::uint32_t parent = 0;  ///< 0: none
  bool operator==(const LineageName&) const = default;
};

std::string TextOf(const std::string& experiment, const LineageName& name);
/// Nothing: it is no such name of this experiment, or names a member beyond 10,000.
std::optional<LineageName> ParseLineage(const std::string& experiment, std::string_view name);

/// The folders of trials below `data`, as Katib's service has them: <experiment>/<trial>.
/// Makes that of a child: a copy of its parent's, whole or not there; an empty one if the parent
/// left nothing that can be copied, or there is none. One that is there and not empty stays as it
/// is, since the answer that made it may not have arrived.
/// @param parent  name of a trial; empty: none
/// @errors kUnavailable: the volume cannot be read or written now
/// @threads  safe for different children; may block
Status MakeTrialFolder(const std::filesystem::path& data, const std::string& experiment,
                       const std::string& parent, const std::string& child);

}  // namespace hone
