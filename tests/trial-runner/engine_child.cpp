// SPDX-License-Identifier: Apache-2.0

// engine_child WORK_FOLDER SHIM UID TRIALS RUN_OBJECT: launches trials 1 to TRIALS and waits to be
// killed.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/trial-runner/launch_spec.h"
#include "trial-runner/local/local_runner.h"

int main(int argc, char* argv[]) {
  using namespace hone;  // NOLINT(google-build-using-namespace): a main of ten lines
  if (argc != 6) {
    return 64;
  }
  const SystemClock clock;
  LocalOptions options;
  options.work_folder = argv[1];
  options.shim = argv[2];
  options.gpus = 0;
  auto runner = LocalRunner::Create(std::move(options), clock);
  if (!runner.has_value()) {
    std::fprintf(stderr, "%s\n", runner.error().message.c_str());
    return 1;
  }
  const auto trials = static_cast<TrialNumber>(std::strtoul(argv[4], nullptr, 10));
  for (TrialNumber number = 1; number <= trials; ++number) {
    (*runner)->Launch(testing::SpecOf({{argv[3]}, number}, argv[5]), [](const Status&) {});
  }
  for (;;) {
    ::pause();
  }
}
