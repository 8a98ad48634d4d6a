// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/spec_file.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/cli/local_checks.h"
#include "apps/cli/session.h"
#include "base/file.h"
#include "base/guard.h"
#include "controller/admission/admission.h"
#include "controller/launch_spec.h"
#include "core/spec_codec.h"
#include "trial-runner/local/local_runner.h"

namespace hone::cli {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 20;

/// What this machine offers to trials.
Capacity CapacityOf(const Config& config) {
  LocalOptions options;
  options.cpus = config.cpus.value_or(0);
  options.gpus = config.gpus;
  return LocalCapacity(options);
}

/// Said before the first trial starts rather than after a request was refused.
Status CheckNameIsFree(const Config& config, const ExperimentSpec& spec) {
  Config where = config;
  where.name_space = spec.name_space;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(where));
  if (!session.Find(spec.name).has_value()) {
    return {};
  }
  return Fail(Code::kInvalidArgument,
              "there is an experiment '" + spec.name + "' already in " + config.data_dir.string() +
                  ": 'hone resume " + spec.name + "' goes on with it, 'hone delete " + spec.name +
                  "' removes it",
              "metadata.name");
}

}  // namespace

Result<LoadedExperiment> LoadChecked(const FileArguments& arguments, const TrialRunner& runner) {
  const std::string path = arguments.file == "-" ? "/dev/stdin" : arguments.file;
  HONE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kLargestFile));
  LoadedExperiment loaded = LoadExperiment(text, arguments.file, arguments.sets);
  if (loaded.readable) {
    Problems problems;
    if (loaded.HasErrors()) {
      CheckSpec(loaded.spec, problems);  // the rest would take a sound document for granted
    } else {
      Admit(loaded.spec, runner, problems);
    }
    loaded.Add(problems);
  }
  return loaded;
}

void DeclareFile(Args& args, FileArguments& arguments) {
  args.Add("file", arguments.file,
           {.type = "FILE",
            .help = "the experiment file; - is standard input",
            .values = Values::kFile,
            .required = true});
  DeclareSets(args, arguments.sets);
}

void DeclareSets(Args& args, std::vector<std::string>& sets) {
  args.Add("--set", sets,
           {.type = "PATH=VALUE",
            .help = "replace a field of the file, such as spec.maxTrialCount=20; repeatable"});
}

Result<std::optional<ExperimentSpec>> LoadForStart(const Config& config,
                                                   const FileArguments& arguments) {
  const auto loaded = LoadChecked(arguments, LocalChecks(CapacityOf(config)));
  if (!loaded.has_value()) {
    return Fail(Code::kInvalidArgument, loaded.error().Text());
  }
  std::fputs(ProblemLines(*loaded).c_str(), stderr);
  if (loaded->HasErrors()) {
    return std::nullopt;
  }
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  HONE_ASSIGN_OR_RETURN(ExperimentSpec spec, WithWorkingFolder(loaded->spec, here));
  HONE_RETURN_IF_ERROR(CheckNameIsFree(config, spec));
  return spec;
}

std::string ProblemLines(const LoadedExperiment& loaded) {
  std::string lines;
  for (const LocatedProblem& problem : loaded.problems) {
    lines += FormatProblem(problem) + "\n";
  }
  return lines;
}

Result<ExperimentSpec> WithWorkingFolder(const ExperimentSpec& spec, const std::string& folder) {
  if (spec.annotations.contains(kWorkingFolderAnnotation)) {
    return spec;
  }
  return Guard(Code::kInternal, "note the working folder", [&]() -> Result<ExperimentSpec> {
    auto document = nlohmann::json::parse(spec.document);
    document["metadata"]["annotations"][kWorkingFolderAnnotation] = folder;
    return DecodeStoredSpec(document.dump());
  });
}

}  // namespace hone::cli
