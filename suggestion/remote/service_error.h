// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// What the errors of calls to services mean for an experiment.
namespace hone::remote {

/// Whether the same call may do better later.
bool MayPass(Code code);

/// Katib asks for proposals and rules again whatever the code. Here what a request itself brings
/// about is final; an exception in a Python service is UNKNOWN, and may be another one next time.
Code OfQuestion(Code code);

/// Katib's rules for the answer to a validation: INVALID_ARGUMENT and UNKNOWN refuse the
/// experiment; a service need not have the method, and what else it answers is no refusal.
/// @returns an error that may pass, kInvalidArgument, or none. @param what  "the experiment"
Status OfValidation(const Result<std::string>& reply, std::string_view what);

/// "deadline exceeded: no answer in time"
std::string Words(const Error& error);

}  // namespace hone::remote
