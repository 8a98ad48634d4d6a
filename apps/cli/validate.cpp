// SPDX-License-Identifier: Apache-2.0
// hone validate: says what is wrong with experiment files; opens no store and starts no thread.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/cli/local_checks.h"
#include "apps/cli/output.h"
#include "apps/cli/spec_file.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> sets;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Add("files", options.files,
           {.type = "FILE...",
            .help = "experiment files; - is standard input",
            .values = Values::kFile,
            .required = true});
  DeclareSets(args, options.sets);
  args.Output(options.output);
}

nlohmann::json ProblemObject(const LocatedProblem& located) {
  const bool warning = located.problem.severity == Problem::Severity::kWarning;
  nlohmann::json object = {{"file", located.file},
                           {"severity", warning ? "warning" : "error"},
                           {"field", located.problem.field},
                           {"message", located.problem.message}};
  if (located.line > 0) {
    object["line"] = located.line;
  }
  return object;
}

Result<int> ValidateFiles(const Config& /*config*/, const Options& options) {
  bool valid = true;
  nlohmann::json items = nlohmann::json::array();
  for (const std::string& file : options.files) {
    const auto loaded = LoadChecked(file, LocalChecks(std::nullopt), options.sets);
    if (!loaded.has_value()) {
      std::fprintf(stderr, "hone: %s\n", loaded.error().Text().c_str());
      valid = false;
      continue;
    }
    valid = valid && !loaded->HasErrors();
    if (options.output == OutputFormat::kTable) {
      HONE_RETURN_IF_ERROR(PrintText(ProblemLines(*loaded)));
    }
    for (const LocatedProblem& located : loaded->problems) {
      items.push_back(ProblemObject(located));
    }
  }
  if (options.output != OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(
        PrintDocument({{"valid", valid}, {"items", std::move(items)}}, options.output));
  }
  return valid ? kExitOk : kExitUsage;
}

}  // namespace

Verb ValidateVerb() {
  return MakeVerb<Options>({.name = "validate",
                            .group = kSetUpGroup,
                            .summary = "say what is wrong with experiment files",
                            .example = "hone validate examples/digits/experiment.yaml"},
                           &Declare, &ValidateFiles);
}

}  // namespace hone::cli
