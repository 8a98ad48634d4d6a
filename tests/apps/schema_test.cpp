// SPDX-License-Identifier: Apache-2.0
// The schema of experiment files, judged by a validator that is not hone's.
#include "controller/admission/schema.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/json.h"
#include "base/text.h"
#include "core/spec_codec.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

namespace hone {
namespace {

using nlohmann::json;

// Debian's, which has its packages; another python3 may come first on the PATH.
constexpr const char* kPython = "/usr/bin/python3";

/// Words of the validator on each file ("ok", or "bad" and why); empty: it is not installed.
std::vector<std::string> Judge(test::HoneProgram& hone, const std::vector<std::string>& files) {
  const auto imports = hone.StartProgram({kPython, "-c", "import jsonschema, yaml"}).Wait();
  if (imports.exit_code != 0) {
    WARN("skipped: python3 has no jsonschema (tools/setup.sh --test installs it)");
    return {};
  }
  std::vector<std::string> argv = {kPython,
                                   (test::SourceFolder() / "tests/apps/check_schema.py").string(),
                                   hone.Write("schema.json", hone.Run({"schema"}).out)};
  argv.insert(argv.end(), files.begin(), files.end());
  const auto run = hone.StartProgram(argv).Wait();
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  std::vector<std::string> words;
  for (const std::string_view line : Split(run.out, '\n')) {
    if (!line.empty()) {
      words.emplace_back(line);
    }
  }
  REQUIRE(words.size() == files.size());
  return words;
}

std::vector<std::string> YamlFiles() {
  std::vector<std::string> files;
  for (const char* folder : {"examples", "tests/api/data"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::SourceFolder() / folder)) {
      if (entry.path().extension() == ".yaml") {
        files.push_back(entry.path().string());
      }
    }
  }
  return files;
}

/// A member of every field that the schema has, so that a decoder meets each of them.
json SampleOf(const json& schema) {
  if (schema.contains("enum")) {
    return schema.at("enum").front();
  }
  const json type = schema.value("type", json("string"));
  if (type == "array") {
    return json::array({SampleOf(schema.value("items", json::object()))});
  }
  if (type == "integer" || type == "number") {
    return 1;
  }
  if (type == "boolean") {
    return true;
  }
  if (type != "object") {
    return "1";
  }
  json object = json::object();
  const json properties = schema.value("properties", json::object());
  for (const auto& [key, member] : properties.items()) {
    object[key] = SampleOf(member);
  }
  return object;
}

TEST_CASE("schema: docs/experiment.schema.json is what the program would write", "[apps]") {
  std::ifstream file(test::SourceFolder() / "docs/experiment.schema.json");
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() == ExperimentSchema());  // build/bin/hone schema > docs/experiment.schema.json
}

TEST_CASE("schema: it has no field that the decoder does not know", "[apps]") {
  Problems problems;
  DecodeSpec(SampleOf(ParseJsonOrThrow(ExperimentSchema())), {}, problems);
  for (const Problem& problem : problems.list()) {
    INFO(problem.field << ": " << problem.message);
    CHECK(problem.message.find("unknown field") == std::string::npos);
  }
}

TEST_CASE("schema: takes the examples, and has a word for each of their fields", "[apps]") {
  test::HoneProgram hone;
  const std::set<std::string> refused = {
      // parts of what is said
      "grid-lists.yaml",  // a list under distribution, which hone forgives an old client
      "/templates.yaml",  // ConfigMaps, which are no experiment
      "spec.algorithm.algorithmName: '",  // an algorithm that this version does not have
  };
  for (const std::string& word : Judge(hone, YamlFiles())) {
    INFO(word);
    const bool is_refused = std::ranges::any_of(
        refused, [&](const std::string& part) { return word.find(part) != std::string::npos; });
    CHECK(word.starts_with("ok ") != is_refused);
  }
}

TEST_CASE("schema: refuses what is wrong", "[apps]") {
  test::HoneProgram hone;
  const std::string good = test::ReadText(hone.Write(test::ScriptExperiment{}));
  struct Case {
    const char* at;
    const char* value;
  };
  const Case cases[] = {
      {"/kind", R"("Trial")"},
      {"/metadata", "{}"},
      {"/spec/objective", R"({"type": "minimise", "objectiveMetricName": "loss"})"},
      {"/spec/objective", R"({"type": "minimize"})"},
      {"/spec/maxTrialCount", R"("ten")"},
      {"/spec/maxTrialCount", "1.5"},
      {"/spec/parameters/0/parameterType", R"("float")"},
      {"/spec/parameters/0/name", "null"},
      {"/spec/parameters/0/feasibleSpace", R"({"min": [1]})"},
      {"/spec/parameters", "{}"},
      {"/spec/algorithm", R"({"algorithmName": "genetic"})"},
      {"/spec/algorithm",
       R"({"algorithmName": "tpe", "algorithmSettings": [{"name": "gama", "value": "0.2"}]})"},
      {"/spec/resumePolicy", R"("Sometimes")"},
      {"/spec/trialTemplate/trialParameters/0", R"({"name": "x"})"},
      {"/spec/trialTemplate/retain", R"("yes")"},
  };
  std::vector<std::string> files = {hone.Write("good.json", good)};
  for (const Case& c : cases) {
    json document = ParseJsonOrThrow(good);
    document[json::json_pointer(c.at)] = ParseJsonOrThrow(c.value);
    files.push_back(
        hone.Write("bad-" + std::to_string(files.size()) + ".json", DumpJson(document)));
  }
  const auto words = Judge(hone, files);
  for (std::size_t i = 0; i < words.size(); ++i) {
    INFO(words[i]);
    CHECK(words[i].starts_with(i == 0 ? "ok " : "bad "));
  }
}

}  // namespace
}  // namespace hone
