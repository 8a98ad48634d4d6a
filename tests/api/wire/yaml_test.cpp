// SPDX-License-Identifier: Apache-2.0
#include "api/wire/yaml.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;

json One(std::string_view text) {
  const auto documents = ParseYaml(text);
  if (!documents) {
    FAIL(documents.error().line << ": " << documents.error().message);
  }
  REQUIRE(documents->size() == 1);
  return *documents->front().value;
}

TEST_CASE("yaml: plain scalars are typed as Kubernetes types them", "[api]") {
  struct Case {
    std::string text;
    json want;
  };
  const std::vector<Case> cases = {
      {"1", 1},
      {"-17", -17},
      {"+5", 5},
      {"0", 0},
      {"1_000", 1000},
      {"0x1F", 31},
      {"0b101", 5},
      {"0o17", 15},
      {"0644", 420},
      {"08", 8},
      {"9223372036854775807", 9223372036854775807},
      {"18446744073709551615", 18446744073709551615U},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"99999999999999999999", 1e20},
      {"0.10", 0.1},
      {"1.0", 1},
      {"1e3", 1000},
      {"1e-3", 0.001},
      {".5", 0.5},
      {"-.5e-1", -0.05},
      {"3.", 3},
      {"1e400", "1e400"},
      {"1e", "1e"},
      {"0x", "0x"},
      {"--1", "--1"},
      {"1.2.3", "1.2.3"},
      {"2026-01-31", "2026-01-31"},
      {"true", true},
      {"False", false},
      {"yes", true},
      {"Off", false},
      {"y", true},
      {"n", false},
      {"tRue", "tRue"},
      {"null", nullptr},
      {"~", nullptr},
      {"\"1\"", "1"},
      {"'yes'", "yes"},
      {"\"null\"", "null"},
      {"!!str 1", "1"},
      {"!!int \"7\"", 7},
      {"!!float 7", 7},
      {"!!bool \"true\"", true},
      {"word with blanks", "word with blanks"},
      {"\"\\u00e4\\n\\/\"", "\xc3\xa4\n/"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.text) {
      CHECK(One("v: " + c.text) == json{{"v", c.want}});
    }
  }
}

TEST_CASE("yaml: JSON is read too", "[api]") {
  CHECK(One("{\n\t\"a\": [1, 2.5, \"x\", null, true],\n\t\"b\": {\"c\": {}}\n}\n") ==
        ParseJsonOrThrow(R"({"a":[1,2.5,"x",null,true],"b":{"c":{}}})"));
}

TEST_CASE("yaml: anchors and merges are expanded", "[api]") {
  CHECK(One("a: &x {k: 1, l: [2]}\nb: *x\n") ==
        ParseJsonOrThrow(R"({"a":{"k":1,"l":[2]},"b":{"k":1,"l":[2]}})"));
  CHECK(One("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\n") ==
        ParseJsonOrThrow(R"({"a":{"k":1,"l":2},"b":{"k":1,"l":3}})"));
  CHECK(One("a: &x {k: 1}\nb: &y {k: 2, m: 4}\nc:\n  l: 3\n  <<: [*x, *y]\n")["c"] ==
        ParseJsonOrThrow(R"({"k":1,"l":3,"m":4})"));
  CHECK(One("\"<<\": 1") == ParseJsonOrThrow(R"({"<<":1})"));
}

TEST_CASE("yaml: several documents, empty ones among them", "[api]") {
  const auto documents = ParseYaml("---\na: 1\n---\n---\nb: 2\n...\n");
  REQUIRE(documents.has_value());
  REQUIRE(documents->size() == 3);
  CHECK((*documents)[1].value->is_null());
  CHECK((*documents)[2].source.LineOf("b") == 5);
  CHECK(ParseYaml("").has_value());
  CHECK(ParseYaml("# only a comment\n").has_value());
}

TEST_CASE("yaml: what is refused, and in which line", "[api]") {
  struct Case {
    std::string name;
    std::string text;
    int line;
    std::string part;  // of the message
  };
  const std::vector<Case> cases = {
      {"duplicate key", "a: 1\nb: 2\na: 3\n", 3, "line 1"},
      {"duplicate key in a list", "x:\n  - k: 1\n    k: 2\n", 3, "line 2"},
      {"duplicate key in a flow map", "{\"a\": 1,\n \"a\": 2}", 2, "line 1"},
      {"two merges", "a: &x {}\nb:\n  <<: *x\n  <<: *x\n", 4, "<<"},
      {"merge of a word", "a:\n  <<: x\n", 2, "merges"},
      {"merge of a list of words", "a:\n  <<: [x]\n", 2, "merges"},
      {"null key", "~: 1", 1, "key"},
      {"list as key", "? [a]\n: 1\n", 1, "key"},
      {"alias as key", "a: &x k\n*x : 1\n", 2, "key"},
      {"unknown tag", "a: !thing 1", 1, "tag"},
      {"binary tag", "a: !!binary aGk=", 1, "tag"},
      {"tag that does not fit", "a: !!int word", 1, "tag"},
      {"tag of a map", "a: !thing {}", 1, "tag"},
      {"not a number", "a: 1\nb: .nan\n", 2, "quotes"},
      {"infinity", "b: -.inf", 1, "quotes"},
      {"alias of itself", "a: &x [*x]", 1, "contains"},
      {"unknown alias", "a: 1\nb: *nobody\n", 2, "refers to nothing before it"},
      {"tab as indentation", "a:\n\tb: 1\n", 2, "malformed"},
      {"open bracket", "a: [1, 2\nb: 3\n", 2, "malformed"},
      {"bad indentation", "a:\n   b: 1\n  c: 2\n", 3, "malformed"},
      {"two values", "a: 1\nb: 2: 3\n", 2, "malformed"},
      {"NUL", std::string("a: 1\nb: \0x\n", 11), 2, "control character"},
      {"end of transmission", "a: 1\n\x04\nb: 2\n", 2, "control character"},
      {"escape", "a: \x1b[31m", 1, "control character"},
      {"not UTF-8", "a: 1\nb: \xff\n", 2, "UTF-8"},
      {"UTF-16",
       std::string("\xff\xfe"
                   "a\0:\0",
                   6),
       1, "UTF-8"},
      {"long key", "? " + std::string(2000, 'k') + "\n: 1\n", 1, "key"},
      {"surrogate escapes", R"({"a": "\ud83d\ude00"})", 1, "malformed"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto documents = ParseYaml(c.text);
      REQUIRE_FALSE(documents.has_value());
      CHECK(documents.error().line == c.line);
      CHECK_THAT(documents.error().message, Catch::Matchers::Contains(c.part));
    }
  }
}

std::string Laughs(int levels, int each) {
  std::string text = "l0: &l0 ha\n";
  for (int i = 1; i <= levels; ++i) {
    const std::string before = "*l" + std::to_string(i - 1);
    text += "l" + std::to_string(i) + ": &l" + std::to_string(i) + " [";
    for (int k = 0; k < each; ++k) {
      text += (k == 0 ? "" : ", ") + before;
    }
    text += "]\n";
  }
  return text;
}

TEST_CASE("yaml: hostile texts end in an error, quickly", "[api]") {
  std::string numbers;
  for (int i = 0; i < 60000; ++i) {
    numbers += "1,";
  }
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"billion laughs", Laughs(12, 10)},
      {"nested anchors around a long list", "a: " +
                                                [&] {
                                                  std::string text;
                                                  for (int i = 0; i < 90; ++i) {
                                                    text += "&x" + std::to_string(i) + " [";
                                                  }
                                                  return text + numbers;
                                                }() +
                                                std::string(90, ']')},
      {"deep flow lists", std::string(200000, '[')},
      {"deep flow maps",
       [] {
         std::string text;
         for (int i = 0; i < 50000; ++i) {
           text += "{a: ";
         }
         return text;
       }()},
      {"deep block lists",
       [] {
         std::string text;
         for (int i = 0; i < 50000; ++i) {
           text += "- ";
         }
         return text;
       }()},
      {"deep aliases",
       Laughs(98, 1) + "z: [" + std::string(20, '[') + "*l98" + std::string(21, ']') + "\n"},
      {"many values", "[" + numbers + numbers + "1]"},
      {"too large", std::string(5U << 20U, 'x')},
  };
  for (const auto& [name, text] : texts) {
    DYNAMIC_SECTION(name) {
      CHECK_FALSE(ParseYaml(text).has_value());
    }
  }
}

TEST_CASE("yaml: paths lead to lines and source texts", "[api]") {
  const auto documents = ParseYaml(
      "# comment\n"
      "spec:\n"
      "  parameters:\n"
      "    - name: lr\n"
      "      feasibleSpace:\n"
      "        min: 0.10\n"
      "        list: [on, \"off\"]\n"
      "  labels:\n"
      "    example.com/a.b: 007\n"
      "    example: {com: 1}\n");
  REQUIRE(documents.has_value());
  const SourceMap& source = documents->front().source;
  struct Case {
    std::string path;
    int line;
    std::optional<std::string> plain;
  };
  const std::vector<Case> cases = {
      {"spec", 2, std::nullopt},
      {"spec.parameters[0]", 4, std::nullopt},
      {"spec.parameters[0].name", 4, "lr"},
      {"spec.parameters[0].feasibleSpace", 5, std::nullopt},
      {"spec.parameters[0].feasibleSpace.min", 6, "0.10"},
      {"spec.parameters[0].feasibleSpace.max", 5, std::nullopt},
      {"spec.parameters[0].feasibleSpace.list[0]", 7, "on"},
      {"spec.parameters[0].feasibleSpace.list[1]", 7, std::nullopt},
      {"spec.parameters[7].name", 3, std::nullopt},
      {"spec.parameters[x", 3, std::nullopt},
      {"spec.labels.example.com/a.b", 9, "007"},
      {"spec.labels.example.com", 10, "1"},
      {"spec.objective.type", 2, std::nullopt},
      {"", 2, std::nullopt},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.path) {
      CHECK(source.LineOf(c.path) == c.line);
      CHECK(source.PlainText(c.path) == c.plain);
    }
  }
  CHECK(SourceMap().LineOf("spec") == 1);
}

}  // namespace
}  // namespace hone
