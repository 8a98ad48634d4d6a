// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "apps/cli/options.h"

int main(int argc, char** argv) {
  // A reader that goes away is an error of a write, told in words, not the end of the engine.
  std::signal(SIGPIPE, SIG_IGN);
  return hone::cli::Main(argc, argv);
}
