// SPDX-License-Identifier: Apache-2.0
#include "core/condition.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone {
namespace {

using nlohmann::json;

std::string TextOf(const char* name) {
  std::ifstream file(test::SourceFolder() / "tests/core/gjson" / name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const json& Document() {
  static const json document = ParseJsonOrThrow(TextOf("document.json"));
  return document;
}

TEST_CASE("condition: paths find what GJSON finds", "[core]") {
  // Lines of path, tabulator, JSON; written by gjson 1.20.2 itself (tests/core/gjson/main.go).
  std::istringstream lines(TextOf("found.txt"));
  int cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const std::string path = line.substr(0, line.find('\t'));
    const std::string expected = line.substr(line.find('\t') + 1);
    DYNAMIC_SECTION(path) {
      const auto condition = Condition::Parse(path);
      INFO((condition.has_value() ? "" : condition.error().message));
      REQUIRE(condition.has_value());
      const std::string found = condition->Find(Document()).value();
      REQUIRE(found.empty() == expected.empty());
      CHECK((found.empty() || ParseJsonOrThrow(found) == ParseJsonOrThrow(expected)));
    }
  }
  REQUIRE(cases >= 60);
}

TEST_CASE("condition: the default ones hold for jobs that are done", "[core]") {
  const char* const complete = R"(status.conditions.#(type=="Complete")#|#(status=="True")#)";
  const char* const succeeded = R"(status.conditions.#(type=="Succeeded")#|#(status=="True")#)";
  const char* const failed = R"(status.conditions.#(type=="Failed")#|#(status=="True")#)";
  const char* const workflow = R"(status.[@this].#(phase=="Succeeded")#)";
  const char* const tekton = R"(status.conditions.#(type=="Succeeded")#|#(status=="True")#)";
  struct Case {
    const char* name;
    const char* condition;
    const char* job;
    bool holds;
  };
  const Case cases[] = {
      {"no status yet", complete, R"({"metadata": {"name": "t"}})", false},
      {"no conditions yet", complete, R"({"status": {"active": 1}})", false},
      {"done", complete, R"({"status": {"conditions": [{"type": "Complete", "status": "True"}]}})",
       true},
      {"not done any more", complete,
       R"({"status": {"conditions": [{"type": "Complete", "status": "False"}]}})", false},
      {"done after being suspended", complete,
       R"({"status": {"conditions": [{"type": "Suspended", "status": "False"},
           {"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]}})",
       true},
      {"failed", failed,
       R"({"status": {"conditions": [{"type": "FailureTarget", "status": "True"},
           {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}})",
       true},
      {"running", succeeded,
       R"({"status": {"conditions": [{"type": "Created", "status": "True"},
           {"type": "Running", "status": "True"}]}})",
       false},
      {"training job", succeeded,
       R"({"status": {"conditions": [{"type": "Running", "status": "False"},
           {"type": "Succeeded", "status": "True"}]}})",
       true},
      {"workflow", workflow, R"({"status": {"phase": "Succeeded", "progress": "3/3"}})", true},
      {"workflow under way", workflow, R"({"status": {"phase": "Running"}})", false},
      {"pipeline", tekton,
       R"({"status": {"conditions": [{"type": "Succeeded", "status": "True"}]}})", true},
      {"pipeline under way", tekton,
       R"({"status": {"conditions": [{"type": "Succeeded", "status": "Unknown"}]}})", false},
      {"count of pods", "status.[@this].#(succeeded==1)", R"({"status": {"succeeded": 1}})", true},
      {"other count", "status.[@this].#(succeeded==1)", R"({"status": {"succeeded": 2}})", false},
      {"a flag is there", "status.ready", R"({"status": {"ready": false}})", true},
      {"null is nothing", "status.ready", R"({"status": {"ready": null}})", false},
      {"an empty list is nothing", "status.pods", R"({"status": {"pods": []}})", false},
      {"conditions is no list", complete, R"({"status": {"conditions": "True"}})", false},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(Condition::Parse(c.condition)->Holds(ParseJsonOrThrow(c.job)).value() == c.holds);
    }
  }
}

TEST_CASE("condition: what cannot be read is refused with its place", "[core]") {
  struct Case {
    std::string text;
    const char* message;
  };
  const Case cases[] = {
      {"", "at character 1: expected a key"},
      {"status.", "at character 8: expected a key"},
      {"status..phase", "at character 8: expected a key"},
      {"status|", "at character 8: expected a key"},
      {"a.#(", "at character 5: expected a key"},
      {"a.#(b", "at character 6: expected a closing )"},
      {R"(a.#(b=="c)", "at character 10: expected a closing quote"},
      {"a.#(b==)", "at character 8: expected a text in double quotes"},
      {"a.#()", "at character 5: expected a query"},
      {"a.#(b==~true)", "the tilde operator is not supported"},
      {"a.#(b==1)x", "at character 10: expected the end"},
      {"[a", "at character 3: expected a closing ]"},
      {"[]", "at character 2: expected a key"},
      {"{a}", "at character 1: expected a key; objects"},
      {"!1", "at character 1: expected a key; objects"},
      {"@reverse", "at character 1: expected @this"},
      {"a.*", "no wildcard in a key; write \\*"},
      {"a\\", "a character after the backslash"},
      {std::string(5000, 'a'), "at most 4096 characters"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.text.substr(0, 20)) {
      const auto condition = Condition::Parse(c.text);
      REQUIRE_FALSE(condition.has_value());
      CHECK(condition.error().code == Code::kInvalidArgument);
      CHECK_THAT(condition.error().message, Catch::Contains(c.message));
    }
  }
  std::string deep;
  for (int i = 0; i < 20; ++i) {
    deep += "#(";
  }
  CHECK_THAT(Condition::Parse(deep).error().message, Catch::Contains("at most 16 levels"));
}

TEST_CASE("condition: a path that multiplies values is stopped", "[core]") {
  std::string path = "[@this,@this]";
  for (int i = 0; i < 60; ++i) {
    path += "|[@this,@this]";
  }
  const auto doubled = Condition::Parse(path);
  REQUIRE(doubled.has_value());
  CHECK(doubled->Holds(Document()).value());  // 2^61 values, none of them copied
  CHECK(doubled->Find(Document()).error().code == Code::kResourceExhausted);
  for (int i = 0; i < 60; ++i) {
    path += ".#";
  }
  CHECK(Condition::Parse(path)->Holds(Document()).error().code == Code::kResourceExhausted);
}

}  // namespace
}  // namespace hone
