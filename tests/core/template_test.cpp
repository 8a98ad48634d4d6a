// SPDX-License-Identifier: Apache-2.0
#include "core/template.h"

#include "base/json.h"
#include "tests/catch.h"
#include "tests/core/example_spec.h"

namespace hone {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

/// The example with a run object whose spec is the given one.
ExperimentSpec SpecWith(const json& run_spec) {
  return test::DecodeExample(test::ExampleWith("/spec/trialTemplate/trialSpec/spec", run_spec));
}

json Render(const ExperimentSpec& spec, const Assignment& values) {
  const auto text = RenderTrial(spec, "example-abc", values);
  if (!text) {
    FAIL(text.error().Text());
  }
  return ParseJsonOrThrow(*text);
}

TEST_CASE("template: values are put in, the object is named after the trial", "[core]") {
  const json object = Render(test::DecodeExample(test::ExampleDocument()), {{"0.05"}, {"adam"}});
  CHECK(object == ParseJsonOrThrow(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":
      "example-abc","namespace":"default","labels":{"team":"vision"},"annotations":{"note":"x"}},
      "spec":{"args":["--lr=0.05","adam"]}})"));
}

TEST_CASE("template: texts are replaced wherever they stand", "[core]") {
  struct Case {
    std::string name;
    json run_spec;
    Assignment values;
    json want;
  };
  const std::string r = "${trialParameters.rate}";
  const std::string o = "${trialParameters.optimizer}";
  const std::vector<Case> cases = {
      {"twice in a text", {{"a", r + "," + r + o}}, {{"1"}, {"x"}}, {{"a", "1,1x"}}},
      {"in a key", {{o + "-key", 1}}, {{"1"}, {"x"}}, {{"x-key", 1}}},
      {"nested", {{"l", {{{"m", {r}}}}}}, {{"1"}, {"x"}}, {{"l", {{{"m", {"1"}}}}}}},
      {"numbers stay texts", {{"a", r}}, {{"0.1"}, {"x"}}, {{"a", "0.1"}}},
      {"quotes and backslashes are safe",
       {{"a", o}},
       {{"1"}, {R"(a","b":"\n)"}},
       {{"a", R"(a","b":"\n)"}}},
      {"a value that looks like a placeholder", {{"a", o + r}}, {{"1"}, {r}}, {{"a", r + "1"}}},
      {"unfinished placeholder",
       {{"a", "${trialParameters.rate"}},
       {{"1"}, {"x"}},
       {{"a", "${trialParameters.rate"}}},
      {"other dollars", {{"a", "$(X) ${Y} $" + r}}, {{"1"}, {"x"}}, {{"a", "$(X) ${Y} $1"}}},
      {"not a text",
       {{"a", 1}, {"b", nullptr}, {"c", true}},
       {{"1"}, {"x"}},
       {{"a", 1}, {"b", nullptr}, {"c", true}}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(Render(SpecWith(c.run_spec), c.values)["spec"] == c.want);
    }
  }
}

TEST_CASE("template: what cannot be rendered", "[core]") {
  struct Case {
    std::string name;
    json run_spec;
    Assignment values;
  };
  const std::vector<Case> cases = {
      {"placeholder left over", {{"a", "${trialParameters.other}"}}, {{"1"}, {"x"}}},
      {"no value", {{"a", "${trialParameters.rate}"}}, {}},
      {"inactive without a value", {{"a", "${trialParameters.rate}"}}, {{"1", false}, {"x"}}},
      {"two equal keys",
       {{"${trialParameters.rate}", 1}, {"${trialParameters.optimizer}", 2}},
       {{"1"}, {"1"}}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto text = RenderTrial(SpecWith(c.run_spec), "t", c.values);
      REQUIRE_FALSE(text.has_value());
      CHECK(text.error().code == Code::kInvalidArgument);
    }
  }
  ExperimentSpec broken;
  broken.trial_template.trial_spec = "no JSON";
  CHECK_FALSE(RenderTrial(broken, "t", {}).has_value());
}

TEST_CASE("template: an inactive parameter gives its inactive value", "[core]") {
  ExperimentSpec spec = test::DecodeExample(test::ExampleDocument());
  spec.space.parameters[0].inactive_value = "none";
  CHECK(Render(spec, {{"0.05", false}, {"adam"}})["spec"]["args"][0] == "--lr=none");
}

TEST_CASE("template: placeholders are found once each, in order", "[core]") {
  const std::vector<std::pair<std::string, Strings>> cases = {
      {"", {}},
      {"${trialParameters.b} ${trialParameters.a}${trialParameters.b}", {"b", "a"}},
      {"${trialParameters.}", {}},
      {"${trialParameters.x", {}},
      {"${trialParameters.a b/c}", {"a b/c"}},
      {"${trialSpec.Name}", {}},
  };
  for (const auto& [text, want] : cases) {
    CHECK(PlaceholdersIn(text) == want);
  }
}

TEST_CASE("template: metadata references", "[core]") {
  const ExperimentSpec spec = test::DecodeExample(test::ExampleDocument());
  const json object = ParseJsonOrThrow(spec.trial_template.trial_spec);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"${trialSpec.Name}", "trial-1"},
      {"${trialSpec.Namespace}", "default"},
      {"${trialSpec.Kind}", "Job"},
      {"${trialSpec.APIVersion}", "batch/v1"},
      {"${trialSpec.Labels[team]}", "vision"},
      {"${trialSpec.Annotations[note]}", "x"},
  };
  for (const auto& [reference, want] : cases) {
    CHECK(IsMetadataReference(reference));
    CHECK(MetadataReference(object, spec, "trial-1", reference) == want);
  }
  for (const char* unknown : {"${trialSpec.Labels[]}", "${trialSpec.Labels[other]}",
                              "${trialSpec.name}", "${trialSpec.Uid}"}) {
    CHECK_FALSE(MetadataReference(object, spec, "trial-1", unknown).has_value());
  }
  for (const char* plain : {"lr", "${trialSpec.}", "${trialSpec.Name", "trialSpec.Name"}) {
    CHECK_FALSE(IsMetadataReference(plain));
  }
}

}  // namespace
}  // namespace hone
