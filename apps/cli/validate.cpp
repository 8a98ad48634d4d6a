// SPDX-License-Identifier: Apache-2.0
// hone validate: says what is wrong with experiment files; opens no store and starts no thread.
#include <cstdio>

#include "apps/cli/local_checks.h"
#include "apps/cli/output.h"
#include "apps/cli/spec_file.h"
#include "apps/cli/verbs.h"

namespace hone::cli {

Result<int> ValidateFiles(const std::vector<std::string>& files) {
  bool valid = true;
  for (const std::string& file : files) {
    const auto loaded = LoadChecked(file, LocalChecks(std::nullopt));
    if (!loaded.has_value()) {
      std::fprintf(stderr, "hone: %s\n", loaded.error().Text().c_str());
      valid = false;
      continue;
    }
    HONE_RETURN_IF_ERROR(PrintText(ProblemLines(*loaded)));
    valid = valid && !loaded->HasErrors();
  }
  return valid ? kExitOk : kExitUsage;
}

}  // namespace hone::cli
