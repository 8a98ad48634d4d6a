// SPDX-License-Identifier: Apache-2.0
// What admission says of an experiment file with one thing changed: tests/apps/mutations/*.txt.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "api/wire/experiment_file.h"
#include "apps/cli/local_checks.h"
#include "apps/cli/spec_file.h"
#include "base/text.h"
#include "controller/admission/admission.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone::cli {
namespace {

const std::filesystem::path kFolder = test::SourceFolder() / "tests/apps/mutations";

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Edit {
  std::string from;
  std::string to;
};

struct Mutation {
  std::string name;
  std::string base;
  std::vector<Edit> edits;
  std::vector<std::string> want;  // "refuse LINE FRAGMENT" or "warn LINE FRAGMENT", all of them
};

/// `= name`, `base FILE`, then edits (`-` lines are replaced by the `+` lines that follow), then
/// the problems expected: `refuse LINE TEXT`, `warn LINE TEXT`, or `accept` for none.
class Reader {
 public:
  explicit Reader(std::vector<Mutation>& all) : all_(all) {}

  void Take(std::string_view line) {
    const std::string rest(line.size() > 2 ? line.substr(2) : "");
    if (line.starts_with("= ")) {
      all_.push_back({rest, base_, {}, {}});
    } else if (line.starts_with("base ")) {
      base_ = line.substr(5);
    } else if (line.starts_with("-")) {
      if (all_.back().edits.empty() || replaced_) {
        all_.back().edits.emplace_back();
      }
      all_.back().edits.back().from += rest + "\n";
      replaced_ = false;
      return;
    } else if (line.starts_with("+")) {
      all_.back().edits.back().to += rest + "\n";
    } else if (line.starts_with("refuse ") || line.starts_with("warn ")) {
      all_.back().want.emplace_back(line);
    } else {
      REQUIRE((line.empty() || line == "accept" || line.starts_with("#")));
    }
    replaced_ = true;
  }

 private:
  std::vector<Mutation>& all_;
  std::string base_ = "job";
  bool replaced_ = false;
};

std::vector<Mutation> ReadMutations() {
  std::vector<Mutation> all;
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    files.insert(entry.path());
  }
  for (const auto& file : files) {
    if (file.extension() == ".txt") {
      Reader reader(all);
      const std::string text = ReadText(file);
      for (const std::string_view line : Split(text, '\n')) {
        reader.Take(line);
      }
    }
  }
  return all;
}

const std::vector<Mutation>& AllMutations() {
  static const std::vector<Mutation> all = ReadMutations();
  return all;
}

std::string Mutated(const Mutation& mutation) {
  std::string text = ReadText(kFolder / (mutation.base + ".yaml"));
  REQUIRE_FALSE(text.empty());
  for (const Edit& edit : mutation.edits) {
    const std::size_t at = text.find("\n" + edit.from);
    INFO("the text to replace must stand there once: " << edit.from);
    REQUIRE(at != std::string::npos);
    REQUIRE(text.find("\n" + edit.from, at + 1) == std::string::npos);
    text.replace(at + 1, edit.from.size(), edit.to);
  }
  return text;
}

LoadedExperiment Validate(const std::string& text) {
  LoadedExperiment loaded = LoadExperiment(text, "f");
  if (loaded.readable) {
    Problems problems = loaded.Found();
    const std::size_t before = problems.list().size();
    Admit(loaded.spec, LocalChecks(std::nullopt), problems);
    loaded.Add(problems, before);
  }
  ForgiveUnsupported(loaded);
  return loaded;
}

/// "refuse 12 field: message".
std::string Verdict(const LocatedProblem& located) {
  const Problem& problem = located.problem;
  const bool error = problem.severity == Problem::Severity::kError;
  return (error ? "refuse " : "warn ") + std::to_string(located.line) + " " +
         (problem.field.empty() ? "" : problem.field + ": ") + problem.message;
}

/// Severity and line must be equal, the rest of `want` be a part of what was told.
bool Matches(const std::string& told, const std::string& want) {
  const std::size_t line_end = want.find(' ', want.find(' ') + 1);
  return told.starts_with(want.substr(0, line_end + 1)) &&
         told.find(want.substr(line_end + 1)) != std::string::npos;
}

TEST_CASE("mutations: each gets its verdict, in its line", "[apps]") {
  std::set<std::string> names;
  for (const Mutation& mutation : AllMutations()) {
    INFO(mutation.name << ": names are unique");
    CHECK(names.insert(mutation.name).second);
    DYNAMIC_SECTION(mutation.name) {
      const LoadedExperiment loaded = Validate(Mutated(mutation));
      std::vector<std::string> told;
      told.reserve(loaded.problems.size());
      for (const LocatedProblem& problem : loaded.problems) {
        told.push_back(Verdict(problem));
      }
      CAPTURE(told, mutation.want);
      REQUIRE(told.size() == mutation.want.size());
      for (std::size_t i = 0; i < told.size(); ++i) {
        CHECK(Matches(told[i], mutation.want[i]));
      }
    }
  }
  CHECK(AllMutations().size() >= 150);
}

/// The blocks of YAML on a page, each the beginning of a `spec`.
std::vector<std::string> YamlBlocks(const std::string& page) {
  constexpr std::string_view kBegin = "```yaml\nspec:\n";
  std::vector<std::string> blocks;
  for (std::size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at)) {
    at += kBegin.size();
    blocks.push_back(page.substr(at, page.find("```", at) - at));
  }
  return blocks;
}

/// A whole experiment around a piece of spec, over the parameters that the piece brings or some.
std::string ExperimentAround(const std::string& piece) {
  constexpr std::string_view kHead = "  parameters:\n";
  std::string parameters;
  if (!piece.starts_with(kHead)) {
    parameters = kHead;
    for (const char* name : {"layers", "units", "batch-size"}) {
      parameters += std::string("    - {name: ") + name +
                    ", parameterType: int, feasibleSpace: {min: 1, max: 64}}\n";
    }
    parameters +=
        "    - {name: lr, parameterType: double, feasibleSpace: {min: 0.001, max: 1}}\n"
        "    - {name: optimizer, parameterType: categorical, feasibleSpace: {list: [sgd, adam]}}\n";
  }
  std::string references;
  std::string arguments;
  const std::string searched = piece.starts_with(kHead) ? piece : parameters;
  for (const std::string_view line : Split(searched, '\n')) {
    const std::size_t at = line.find("name: ");
    if (at != std::string_view::npos) {
      const std::string name(line.substr(at + 6, line.find(',', at) - at - 6));
      references.append("      - {name: ").append(name).append(", reference: ");
      references.append(name).append("}\n");
      arguments.append(", \"${trialParameters.").append(name).append("}\"");
    }
  }
  return "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata: {name: page}\nspec:\n" +
         piece + parameters +
         (piece.starts_with("  objective:")
              ? ""
              : "  objective: {type: minimize, objectiveMetricName: loss}\n") +
         (piece.starts_with("  algorithm:") ? "" : "  algorithm: {algorithmName: random}\n") +
         "  maxTrialCount: 9\n"
         "  trialTemplate:\n"
         "    primaryContainerName: main\n"
         "    trialParameters:\n" +
         references +
         "    trialSpec: {apiVersion: batch/v1, kind: Job, spec: {template: {spec: "
         "{restartPolicy: Never, containers: [{name: main, image: none, command: [train" +
         arguments + "]}]}}}}\n";
}

TEST_CASE("own fields: every example of the page is valid", "[apps]") {
  const auto page = ReadText(test::SourceFolder() / "docs/experiment-file.md");
  const std::vector<std::string> blocks = YamlBlocks(page);
  CHECK(blocks.size() >= 8);
  for (const std::string& block : blocks) {
    const LoadedExperiment loaded = Validate(ExperimentAround(block));
    for (const LocatedProblem& located : loaded.problems) {
      INFO(block << Verdict(located));
      CHECK(located.problem.field.ends_with("limits.memory"));  // warns: not enforced
    }
  }
}

TEST_CASE("strictness: every row of the page is shown by a mutation", "[apps]") {
  std::map<std::string, bool> has_problem;
  for (const Mutation& mutation : AllMutations()) {
    has_problem[mutation.name] = !mutation.want.empty();
  }
  const std::string page = ReadText(test::SourceFolder() / "docs/strictness.md");
  std::size_t rows = 0;
  for (const std::string_view line : Split(page, '\n')) {
    const std::vector<std::string_view> cells = Split(line, '|');
    if (cells.size() < 5 || line.starts_with("|---") || cells[1] == " Katib accepts ") {
      continue;
    }
    const std::string name(Trim(cells[cells.size() - 2]));
    INFO(line);
    REQUIRE(has_problem.contains(name));
    CHECK(has_problem[name]);
    ++rows;
  }
  CHECK(rows > 20);
}

}  // namespace
}  // namespace hone::cli
