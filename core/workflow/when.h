// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "core/workflow/tags.h"

namespace hone::workflow {

/// Whether a `when` holds. Comparisons == != < <= > >= of words, numbers and quoted texts, joined
/// by
/// && || ! and brackets, or the word true or false; both sides are compared as numbers if both are
/// numbers. A tag is one word, or part of one, whatever its value holds.
/// @errors kInvalidArgument: it cannot be read, or a tag has no value
/// @source  the documentation of Argo Workflows, "Conditionals"; =~ and `in` are left out
Result<bool> Holds(std::string_view when, const TagValue& value);

/// Whether it can be read; see Holds.
Status CheckWhen(std::string_view when);

}  // namespace hone::workflow
