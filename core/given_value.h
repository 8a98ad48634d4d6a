// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "core/space.h"

namespace hone {

/// A label of trials that were not proposed here, with where their results come from.
inline constexpr char kImportedLabel[] = "hone.dev/imported-from";

/// A value that a person or another program wrote, as algorithms write it: 0.10 becomes the 0.1 of
/// a list of numbers. @errors kInvalidArgument with a sentence saying why it is none of the domain
Result<std::string> GivenValue(const Domain& domain, const std::string& text);

/// The middle of a domain, on its own scale; of numbers in a list the middle one, of words the
/// first.
std::string MiddleValue(const Domain& domain);

}  // namespace hone
