// SPDX-License-Identifier: Apache-2.0
// Every experiment under examples/ is valid, told of in the README and run if it can run here; and
// there is one for everything that hone knows.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

namespace fs = std::filesystem;

struct Example {
  std::string file;                    ///< relative to the project's root
  std::string text;                    ///< of the file
  std::vector<std::string> arguments;  ///< what its head says to give to `hone run`

  [[nodiscard]] bool Has(const std::string& part) const {
    return text.find(part) != std::string::npos;
  }
};

/// The words after "hone run" in the comment at the head of an example.
std::vector<std::string> ArgumentsInHead(const std::string& text) {
  const std::string head = text.substr(0, text.find("\napiVersion:"));
  const std::string command = "hone run ";
  const auto at = head.find(command);
  std::vector<std::string> words;
  if (at == std::string::npos) {
    return words;
  }
  std::istringstream line(
      head.substr(at + command.size(), head.find('\n', at) - at - command.size()));
  for (std::string word; line >> word;) {
    words.push_back(word);
  }
  return words;
}

/// In the order of their paths; a file that only has ConfigMaps is none.
std::vector<Example> Examples() {
  std::vector<Example> found;
  for (const auto& entry : fs::recursive_directory_iterator(SourceFolder() / "examples")) {
    if (entry.path().extension() != ".yaml") {
      continue;
    }
    Example example{fs::relative(entry.path(), SourceFolder()), ReadText(entry.path()), {}};
    example.arguments = ArgumentsInHead(example.text);
    if (example.Has("\nkind: Experiment\n")) {
      found.push_back(std::move(example));
    }
  }
  std::ranges::sort(found, {}, &Example::file);
  return found;
}

/// A program whose working folder has the examples in it, as the project's root does.
void LinkExamples(const HoneProgram& hone) {
  fs::create_directory_symlink(SourceFolder() / "examples", hone.work() / "examples");
}

ProgramRun Validate(const Example& example) {
  HoneProgram hone;
  LinkExamples(hone);
  std::vector<std::string> command = {"validate"};
  command.insert(command.end(), example.arguments.begin(), example.arguments.end());
  return hone.Run(command);
}

/// Whether each line only says that this version cannot run it.
bool OnlyUnsupported(const std::string& lines) {
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    if (!line.ends_with("(the file is valid, but 'hone run' refuses it)")) {
      return false;
    }
  }
  return true;
}

/// The third column of an example's row in the READMEs; nothing if it has none.
std::string RunsHere(const std::string& readme, const Example& example) {
  const std::string name = example.file.substr(std::string("examples/").size());
  const auto row = readme.find("| `" + name + "` | ");
  if (row == std::string::npos) {
    return "";
  }
  std::istringstream cells(readme.substr(row, readme.find('\n', row) - row));
  std::string cell;
  for (int i = 0; i < 4; ++i) {
    std::getline(cells, cell, '|');
  }
  return cell;
}

/// Whether one of the examples has this text.
bool AnyHas(const std::vector<Example>& examples, const std::string& part) {
  return std::ranges::any_of(examples, [&](const Example& each) { return each.Has(part); });
}

TEST_CASE("examples: all are valid, say how to run them and stand in a README", "[apps]") {
  const std::string readme = ReadText(SourceFolder() / "examples/README.md") +
                             ReadText(SourceFolder() / "examples/algorithms/README.md");
  for (const Example& example : Examples()) {
    CAPTURE(example.file);
    // The head names the file itself.
    REQUIRE_FALSE(example.arguments.empty());
    CHECK(example.arguments.front() == example.file);
    const ProgramRun run = Validate(example);
    CAPTURE(run.out, run.err);
    CHECK(run.exit_code == 0);
    CHECK(OnlyUnsupported(run.out));
    CHECK(RunsHere(readme, example) == (run.out.empty() ? " yes " : " not yet "));
  }
}

TEST_CASE("examples: there is one for each algorithm that is registered", "[apps]") {
  HoneProgram hone;
  const auto algorithms = hone.Json({"algorithms"}).at("items");
  CHECK(algorithms.size() >= 6);
  const auto examples = Examples();
  for (const auto& algorithm : algorithms) {
    const std::string name = algorithm.at("name");
    CAPTURE(name);
    CHECK(AnyHas(examples, "algorithmName: " + name + "\n"));
  }
}

TEST_CASE("examples: there is one for each collector of the contract", "[apps]") {
  HoneProgram hone;
  const auto schema = ParseJsonOrThrow(hone.Run({"schema"}).out);
  const auto& kinds =
      schema.at(nlohmann::json::json_pointer("/properties/spec/properties/metricsCollectorSpec/"
                                             "properties/collector/properties/kind/enum"));
  CHECK(kinds.size() >= 7);
  const auto examples = Examples();
  for (const std::string kind : kinds) {
    CAPTURE(kind);
    CHECK(AnyHas(examples, "    collector:\n      kind: " + kind + "\n"));
  }
  CHECK(AnyHas(examples, "format: TEXT\n"));
  CHECK(AnyHas(examples, "format: JSON\n"));
}

TEST_CASE("examples: there is one for each kind of trial and source of templates", "[apps]") {
  const auto examples = Examples();
  for (const std::string kind :
       {"batch/v1\n      kind: Job", "kubeflow.org/v1\n      kind: PyTorchJob",
        "kubeflow.org/v1\n      kind: TFJob", "kubeflow.org/v1\n      kind: MPIJob",
        "kubeflow.org/v1\n      kind: XGBoostJob", "kubeflow.org/v1\n      kind: PaddleJob",
        "trainer.kubeflow.org/v1alpha1\n      kind: TrainJob",
        "argoproj.io/v1alpha1\n      kind: Workflow", "tekton.dev/v1\n      kind: PipelineRun",
        "ray.io/v1\n      kind: RayJob"}) {
    CAPTURE(kind);
    CHECK(AnyHas(examples, "    trialSpec:\n      apiVersion: " + kind + "\n"));
  }
  CHECK(AnyHas(examples, "---\napiVersion: v1\nkind: ConfigMap\n"));
  CHECK(std::ranges::any_of(examples, [](const Example& each) {
    return std::ranges::count(each.arguments, "--config-map") == 1;
  }));
  CHECK(AnyHas(examples, "algorithmName: enas\n"));
  CHECK(AnyHas(examples, "algorithmName: darts\n"));
}

TEST_CASE("examples: there is one for each of hone's own fields", "[apps]") {
  const auto examples = Examples();
  for (const std::string field :
       {"seed", "constraints", "retryPolicy", "maxTrialDuration", "activeWhen", "inactiveValue",
        "initialTrials", "maxDuration", "resources", "runner", "  additionalObjectives",
        "warmStart", "cost", "maxTrialsWithoutImprovement", "  outcomeConstraints", "  endpoint",
        "  endpointTimeout"}) {
    CAPTURE(field);
    CHECK(AnyHas(examples, "  " + field + ":"));
  }
}

/// Its only experiment has as many trials as it may, each with metrics.
void CheckTrials(HoneProgram& hone) {
  const auto list = hone.Json({"list"});
  REQUIRE(list.at("items").size() == 1);
  const std::string name = list.at("items").at(0).at("metadata").at("name");
  const ExperimentState state = hone.StateOf(name);
  CHECK(state.Completed() == state.spec->max_trial_count);
  for (TrialNumber number = 1; number <= state.trials.size(); ++number) {
    CAPTURE(number);  // one is withdrawn where a paused trial goes on in its stead
    CHECK((hone.RowsOf({state.id, number}) > 0 ||
           state.Find(number)->phase == TrialPhase::kWithdrawn));
  }
}

/// Examples that run side by side, each with a data folder of its own.
class Fleet {
 public:
  void Start(const Example& example, const std::vector<std::string>& more) {
    auto hone = std::make_unique<HoneProgram>();
    LinkExamples(*hone);
    std::vector<std::string> command = {"run"};
    command.insert(command.end(), example.arguments.begin(), example.arguments.end());
    command.insert(command.end(), more.begin(), more.end());
    RunningProgram program = hone->Start(command);
    all_.push_back({example.file, std::move(hone), std::move(program)});
  }
  void CheckAll() {
    for (Running& each : all_) {
      CAPTURE(each.file);
      const ProgramRun run = each.program.Wait();
      CAPTURE(run.out, run.err);
      CHECK(run.exit_code == 0);
      CheckTrials(*each.hone);
    }
  }
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  struct Running {
    std::string file;
    std::unique_ptr<HoneProgram> hone;
    RunningProgram program;
  };
  std::vector<Running> all_;
};

TEST_CASE("examples: those that need nothing but Python run", "[apps][slow]") {
  Fleet fleet;
  for (const Example& example : Examples()) {
    if (!example.Has("\n# Needs ") && Validate(example).out.empty()) {
      fleet.Start(example, {});
    }
  }
  CHECK(fleet.size() >= 18);
  fleet.CheckAll();
}

TEST_CASE("examples: those with scikit-learn run", "[apps][slow]") {
  Fleet fleet;
  for (const Example& example : Examples()) {
    if (example.Has("\n# Needs Python 3 with scikit-learn.\n")) {
      fleet.Start(example,
                  {"--set", "spec.maxTrialCount=2", "--set", "spec.maxFailedTrialCount=0"});
    }
  }
  CHECK(fleet.size() == 9);
  fleet.CheckAll();
}

}  // namespace
}  // namespace hone::test
