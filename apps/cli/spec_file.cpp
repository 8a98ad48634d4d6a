// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/spec_file.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/guard.h"
#include "controller/admission/admission.h"
#include "controller/launch_spec.h"
#include "core/spec_codec.h"

namespace hone::cli {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 20;

}  // namespace

Result<LoadedExperiment> LoadChecked(const std::string& file, const TrialRunner& runner) {
  const std::string path = file == "-" ? "/dev/stdin" : file;
  HONE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kLargestFile));
  LoadedExperiment loaded = LoadExperiment(text, file);
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
