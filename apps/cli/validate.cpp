// SPDX-License-Identifier: Apache-2.0
// hone validate: says what is wrong with experiment files; opens no store and starts no thread.
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
  std::vector<std::string> config_maps;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Add("files", options.files,
           {.type = "FILE...",
            .help = "experiment files; - is standard input",
            .values = Values::kFile,
            .required = true});
  DeclareSets(args, options.sets);
  DeclareConfigMaps(args, options.config_maps);
  args.Output(options.output);
}

nlohmann::json ProblemObject(const LocatedProblem& located) {
  const bool error = located.problem.severity == Problem::Severity::kError;
  nlohmann::json object = {{"file", located.file},
                           {"severity", error ? "error" : "warning"},
                           {"field", located.problem.field},
                           {"message", located.problem.message}};
  if (located.line > 0) {
    object["line"] = located.line;
  }
  return object;
}

nlohmann::json FileObject(const LoadedExperiment& loaded) {
  nlohmann::json problems = nlohmann::json::array();
  for (const LocatedProblem& located : loaded.problems) {
    problems.push_back(ProblemObject(located));
  }
  return {{"file", loaded.file}, {"valid", !loaded.HasErrors()}, {"problems", problems}};
}

LoadedExperiment Unreadable(const std::string& file, const Error& error) {
  LoadedExperiment loaded;
  loaded.file = file;
  loaded.problems.push_back({file, 0, {Problem::Severity::kError, "", error.Text()}});
  return loaded;
}

LoadedExperiment LoadOne(const std::string& file, const Options& options) {
  auto checked = LoadChecked({file, options.sets, options.config_maps}, LocalChecks(std::nullopt));
  LoadedExperiment loaded =
      checked.has_value() ? std::move(*checked) : Unreadable(file, checked.error());
  ForgiveUnsupported(loaded);
  return loaded;
}

Result<int> ValidateFiles(const Config& /*config*/, const Options& options) {
  bool valid = true;
  std::string lines;
  nlohmann::json items = nlohmann::json::array();
  for (const std::string& file : options.files) {
    const LoadedExperiment loaded = LoadOne(file, options);
    valid = valid && !loaded.HasErrors();
    lines += ProblemLines(loaded);
    items.push_back(FileObject(loaded));
  }
  HONE_RETURN_IF_ERROR(options.output == OutputFormat::kTable
                           ? PrintText(lines)
                           : PrintDocument({{"items", std::move(items)}}, options.output));
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
