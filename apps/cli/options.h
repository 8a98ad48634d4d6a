// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hone::cli {

/// Parses the command line, runs the command and says what went wrong. @returns the exit code
int Main(int argc, char** argv);

}  // namespace hone::cli
