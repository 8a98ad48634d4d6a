// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Argo's variables in texts: "{{inputs.parameters.x}}".
namespace hone::workflow {

/// What stands between the braces of a text's tags, without blanks around it, in order. What is not
/// closed is no tag.
std::vector<std::string> TagsIn(std::string_view text);

/// The value of a tag. @errors kInvalidArgument: there is none
using TagValue = std::function<Result<std::string>(std::string_view tag)>;

/// Puts the values of the tags in; tags in values stay as they are.
/// @errors of `value`
Result<std::string> FillTags(std::string_view text, const TagValue& value);

/// A tag cut into its words: "steps.a.outputs.result". Names hold no dots.
std::vector<std::string_view> WordsOf(std::string_view tag);

}  // namespace hone::workflow
