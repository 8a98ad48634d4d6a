// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/workflow/run.h"
#include "trial-runner/local/job.h"
#include "trial-runner/local/pipeline_order.h"
#include "trial-runner/local/references.h"

namespace hone::local {

/// A container or script with all its tags filled in; files are named as the workflow names them.
struct StepTexts {
  LocalJob job;
  std::string source;  ///< of a script
};

/// @errors kInvalidArgument: a tag without value, or a field that a value has broken
Result<StepTexts> FillTexts(const workflow::Run& run, const workflow::ReadyStep& step, Place place);

/// What makes a step what it is, beside its texts.
struct StepSurroundings {
  std::filesystem::path folder;  ///< working folder
  Variables inherited;           ///< of a process
  std::string image_id;          ///< of a container
  std::string own;               ///< of a step that is kept for its trial alone: what tells it
};

/// The SHA-256 of what decides what a step does: its texts, the values and files that it is given,
/// what it leaves behind, its environment and image, the files of hone/code, and the files of this
/// machine that its texts name.
/// @errors kNotFound: a file of hone/code; as DigestOfTree
Result<std::string> KeyOf(const workflow::ReadyStep& step, const StepTexts& texts,
                          const StepSurroundings& surroundings);

}  // namespace hone::local
