// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/spec_file.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/cli/holder.h"
#include "apps/cli/local_checks.h"
#include "apps/cli/session.h"
#include "apps/cli/slot_options.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/json.h"
#include "controller/admission/admission.h"
#include "controller/launch_spec.h"
#include "core/spec_codec.h"

namespace hone::cli {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 20;

/// What this machine offers to trials; nothing: they run on a daemon's, which judges them.
std::optional<Capacity> CapacityOf(const Config& config) {
  if (!config.server.empty()) {
    return std::nullopt;
  }
  return LocalCapacity(SlotOptions(config));
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
              "there is an experiment '" + spec.name + "' already in " + config.Place() +
                  ": 'hone resume " + spec.name + "' goes on with it, 'hone delete " + spec.name +
                  "' removes it",
              "metadata.name");
}

}  // namespace

Result<LoadedExperiment> LoadChecked(const FileArguments& arguments, const TrialRunner& runner) {
  const std::string path = arguments.file == "-" ? "/dev/stdin" : arguments.file;
  HONE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kLargestFile));
  std::vector<ConfigMapFile> config_maps;
  for (const std::string& file : arguments.config_maps) {
    HONE_ASSIGN_OR_RETURN(std::string config_map, ReadFile(file, kLargestFile));
    config_maps.push_back({file, std::move(config_map)});
  }
  LoadedExperiment loaded = LoadExperiment(text, arguments.file, arguments.sets, config_maps);
  if (loaded.readable) {
    Problems problems = loaded.Found();
    const std::size_t before = problems.list().size();
    Admit(loaded.spec, runner, problems);
    loaded.Add(problems, before);
  }
  return loaded;
}

void ForgiveUnsupported(LoadedExperiment& loaded) {
  for (LocatedProblem& located : loaded.problems) {
    Problem& problem = located.problem;
    if (problem.unsupported && problem.severity == Problem::Severity::kError) {
      problem.severity = Problem::Severity::kWarning;
      problem.message += " (the file is valid, but 'hone run' refuses it)";
    }
  }
}

void DeclareStart(Args& args, StartOptions& options) {
  args.Add("file", options.arguments.file,
           {.type = "FILE",
            .help = "the experiment file; - is standard input",
            .values = Values::kFile,
            .required = true});
  DeclareSets(args, options.arguments.sets);
  DeclareConfigMaps(args, options.arguments.config_maps);
  args.Output(options.output);
}

void DeclareConfigMaps(Args& args, std::vector<std::string>& files) {
  args.Add("--config-map", files,
           {.type = "FILE",
            .help = "a file with a ConfigMap that holds the trial template; repeatable",
            .values = Values::kFile});
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
  ExperimentSpec spec = loaded->spec;
  if (IsHere(config)) {
    std::error_code error;
    const std::string here = std::filesystem::current_path(error).string();
    HONE_ASSIGN_OR_RETURN(spec, WithWorkingFolder(spec, here));
  }
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
    auto document = ParseJsonOrThrow(spec.document);
    document["metadata"]["annotations"][kWorkingFolderAnnotation] = folder;
    return DecodeStoredSpec(DumpJson(document));
  });
}

}  // namespace hone::cli
