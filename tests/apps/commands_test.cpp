// SPDX-License-Identifier: Apache-2.0
// What is told about the commands is what they take.
#include <fstream>
#include <set>
#include <sstream>

#include "apps/cli/program.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone::cli {
namespace {

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  for (const std::string_view word : Split(line, ' ')) {
    words.emplace_back(word);
  }
  return words;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string ReadDocument(const std::string& name) {
  std::ifstream file(test::SourceFolder() / "docs" / name);
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("commands: every one has an example, and the command line takes it", "[apps]") {
  for (const Verb& verb : AllVerbs()) {
    DYNAMIC_SECTION(verb.info.name) {
      REQUIRE_FALSE(verb.info.example.empty());
      CHECK_FALSE(verb.info.summary.empty());
      for (const std::string_view line : Split(verb.info.example, '\n')) {
        CAPTURE(line);
        std::vector<std::string> words = Words(line);
        REQUIRE(words.size() >= 2);
        CHECK(words[0] == "hone");
        CHECK(words[1] == verb.info.name);
        words.erase(words.begin());
        const auto parsed = Program().Parse(words);
        INFO((parsed.has_value() ? "" : parsed.error().Text()));
        CHECK((parsed.has_value() && parsed->action));
      }
    }
  }
}

TEST_CASE("commands: the help of each shows its example, its arguments and the exit codes",
          "[apps]") {
  for (const VerbModel& verb : Program().Describe().verbs) {
    DYNAMIC_SECTION(verb.name) {
      const auto help = Program().Parse({verb.name, "--help"});
      REQUIRE(help.has_value());
      CHECK_FALSE(help->action);
      CHECK(Has(help->text, std::string(Split(verb.example, '\n').front())));
      CHECK(Has(help->text, "Exit codes: 0 done"));
      for (const ArgModel& arg : verb.args) {
        CAPTURE(arg.names.back());
        CHECK(Has(help->text, arg.names.back()));
        CHECK_FALSE(arg.help.empty());
      }
    }
  }
}

TEST_CASE("commands: the help lists all but the hidden ones", "[apps]") {
  const auto help = Program().Parse({"--help"});
  REQUIRE(help.has_value());
  for (const Verb& verb : AllVerbs()) {
    CAPTURE(verb.info.name);
    CHECK(Has(help->text, "\n  " + verb.info.name + " ") == !verb.info.group.empty());
  }
}

TEST_CASE("commands: all that print data take -o table, json and yaml", "[apps]") {
  const std::set<std::string> print_none = {"serve",      "import",     "stop",      "kill",
                                            "delete",     "logs",       "init",      "man",
                                            "schema",     "suggestion", "earlystop", "db-manager",
                                            "completion", "export",     "rebuild",   "tensorboard"};
  for (const VerbModel& verb : Program().Describe().verbs) {
    CAPTURE(verb.name);
    const bool takes = std::any_of(verb.args.begin(), verb.args.end(), [](const ArgModel& arg) {
      return arg.words == std::vector<std::string>{"table", "json", "yaml"};
    });
    CHECK(takes == !print_none.contains(verb.name));
  }
}

TEST_CASE("commands: wrong command lines are refused with what to do", "[apps]") {
  struct Case {
    const char* name;
    std::vector<std::string> words;
    const char* told;
  };
  const Case cases[] = {
      {"no command", {}, "hone --help"},
      {"a slip", {"trails", "x"}, "there is no command 'trails'; did you mean 'trials'?"},
      {"nonsense", {"frobnicate"}, "there is no command 'frobnicate'\n"},
      {"an unknown option", {"list", "--fast"}, "--fast"},
      {"a missing name", {"get"}, "'hone get --help' tells more"},
      {"a name too many", {"get", "a", "b"}, "b"},
      {"an unknown format", {"list", "-o", "xml"}, "xml"},
      {"an unknown shell", {"completion", "csh"}, "csh"},
      {"a value that is no number", {"resume", "a", "--max-trials", "many"}, "max-trials"},
      {"an option without its value", {"metrics", "t", "--metric"}, "--metric"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto parsed = Program().Parse(c.words);
      REQUIRE_FALSE(parsed.has_value());
      CHECK(parsed.error().code == Code::kInvalidArgument);
      CHECK_THAT(parsed.error().Text(), Catch::Matchers::Contains(c.told));
    }
  }
}

TEST_CASE("commands: repeatable options leave the names that follow alone", "[apps]") {
  const auto parsed = Program().Parse(
      {"validate", "--set", "spec.seed=1", "--set", "spec.maxTrialCount=2", "a.yaml", "b.yaml"});
  INFO((parsed.has_value() ? "" : parsed.error().Text()));
  CHECK(parsed.has_value());
}

TEST_CASE("commands: docs/commands.md is what the program would write", "[apps]") {
  INFO("stale: run `hone man --markdown > docs/commands.md`");
  CHECK(ReadDocument("commands.md") == CommandsMarkdown(Program().Describe()));
}

TEST_CASE("commands: docs/configuration.md is what the program would write", "[apps]") {
  INFO("stale: run `hone config --markdown > docs/configuration.md`");
  CHECK(ReadDocument("configuration.md") == ConfigurationMarkdown());
}

}  // namespace
}  // namespace hone::cli
