// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"
#include "trial-runner/local/attempt.h"

namespace hone::local {

/// The folder in an attempt's with the module that lets Katib's Python package find hone, see
/// python/sitecustomize.py.
std::filesystem::path PythonStartFolder(const std::filesystem::path& attempt);

/// Makes it. @errors as ErrnoError
Status WritePythonStart(const std::filesystem::path& attempt);

}  // namespace hone::local
