// SPDX-License-Identifier: Apache-2.0
#include "api/wire/overrides.h"

#include <nlohmann/json.hpp>

#include "api/wire/experiment_file.h"
#include "base/json.h"
#include "tests/api/wire/files.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;

json Applied(const json& document, const std::vector<std::string>& texts) {
  Problems problems;
  json changed = document;
  Overrides::Parse(texts, problems).Apply(changed, problems);
  CHECK_FALSE(problems.HasErrors());
  return changed;
}

TEST_CASE("overrides: values of any kind are put at their path", "[api]") {
  const json document = {{"spec", {{"list", {{{"max", "1"}}, {{"max", "2"}}}}, {"count", 3}}},
                         {"labels", {{"a.b/c", "x"}}}};
  struct Case {
    const char* name;
    std::vector<std::string> texts;
    const char* pointer;
    json value;
  };
  const Case cases[] = {
      {"a number", {"spec.count=4"}, "/spec/count", 4},
      {"a text", {"spec.count='4'"}, "/spec/count", "4"},
      {"a member of an item", {"spec.list[1].max=0.10"}, "/spec/list/1/max", 0.1},
      {"a whole item", {"spec.list[0]={max: 9}"}, "/spec/list/0", {{"max", 9}}},
      {"a list", {"spec.list=[1, 2]"}, "/spec/list", {1, 2}},
      {"maps on the way are made", {"spec.retry.policy.max=1"}, "/spec/retry/policy/max", 1},
      {"the later one wins", {"spec.count=4", "spec.count=5"}, "/spec/count", 5},
      {"what the first one made", {"spec.new={a: 1}", "spec.new.b=2"}, "/spec/new/b", 2},
      {"a value with an equals sign", {"spec.count=a=b"}, "/spec/count", "a=b"},
      {"nothing", {"spec.count="}, "/spec/count", nullptr},
      {"a key with dots that there is", {"labels.a.b/c=z"}, "/labels/a.b~1c", "z"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(Applied(document, c.texts).at(json::json_pointer(c.pointer)) == c.value);
    }
  }
}

TEST_CASE("overrides: what cannot be put is told with its number", "[api]") {
  struct Case {
    const char* text;
    const char* told;
  };
  const Case cases[] = {
      {"spec", "must be written as field.path=value"},
      {"=1", "must be written as field.path=value"},
      {"spec.list[2].x=1", "spec.list[2].x: the list has no item [2]; it has 2"},
      {"spec.list[-1]=1", "'[' must be followed by the number"},
      {"spec.list[x]=1", "'[' must be followed by the number"},
      {"spec.list[0=1", "'[' must be followed by the number"},
      {"spec.count[0]=1", "the list has no item [0]; it has 0"},
      {"spec.count.x=1", "is no map of fields"},
      {"spec..x=1", "the path has an empty part"},
      {"spec.count=[1", "the value is no YAML: "},
      {"spec.count={a: 1, a: 2}", "the value is no YAML: "},
  };
  const json document = {{"spec", {{"list", {1, 2}}, {"count", 3}}}};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.text) {
      Problems problems;
      json changed = document;
      const std::vector<std::string> texts = {"spec.count=3", c.text};
      Overrides::Parse(texts, problems).Apply(changed, problems);
      REQUIRE(problems.list().size() == 1);
      CHECK(problems.list()[0].field == "--set 2");
      CHECK_THAT(problems.list()[0].message, Catch::Matchers::Contains(c.told));
    }
  }
}

std::vector<std::string> Lines(const std::vector<std::string>& sets) {
  const LoadedExperiment loaded = LoadExperiment(test::DataFile("random-job.yaml"), "f.yaml", sets);
  std::vector<std::string> lines;
  lines.reserve(loaded.problems.size());
  for (const LocatedProblem& located : loaded.problems) {
    lines.push_back(FormatProblem(located));
  }
  return lines;
}

TEST_CASE("overrides: problems of a file name the --set that made them", "[api]") {
  CHECK(Lines({"spec.maxTrialCount=5"}).empty());
  struct Case {
    const char* name;
    std::vector<std::string> sets;
    const char* begins;
  };
  const Case cases[] = {
      {"a wrong value",
       {"spec.seed=1", "spec.maxTrialCount=many"},
       "--set 2: spec.maxTrialCount: "},
      {"a field that is not there",
       {"spec.maxTrailCount=5"},
       "--set 1: spec.maxTrailCount: unknown field, did you mean maxTrialCount?"},
      {"on the way to a field", {"spec.objectiv.goal=1"}, "--set 1: spec.objectiv: unknown field"},
      {"inside a value",
       {"spec.objective={type: minimize, objectiveMetricName: a, gaol: 1}"},
       "--set 1: spec.objective.gaol: unknown field"},
      {"a list's item that is not there", {"spec.parameters[99].name=x"}, "--set 1: spec.param"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto lines = Lines(c.sets);
      REQUIRE_FALSE(lines.empty());
      CHECK_THAT(lines[0], Catch::Matchers::StartsWith(c.begins));
      CHECK(LoadExperiment(test::DataFile("random-job.yaml"), "f.yaml", c.sets).HasErrors());
    }
  }
}

TEST_CASE("overrides: a text stays as it was written", "[api]") {
  const std::vector<std::string> sets = {"spec.parameters[0].feasibleSpace.max=0.50"};
  const LoadedExperiment loaded = LoadExperiment(test::DataFile("random-job.yaml"), "f.yaml", sets);
  CHECK_FALSE(loaded.HasErrors());
  const json document = ParseJsonOrThrow(loaded.spec.document);
  CHECK(document["spec"]["parameters"][0]["feasibleSpace"]["max"] == "0.50");
}

}  // namespace
}  // namespace hone
