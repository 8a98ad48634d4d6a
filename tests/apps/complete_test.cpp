// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/complete.h"

#include "apps/cli/program.h"
#include "tests/catch.h"

namespace hone::cli {
namespace {

/// Names that tell what was asked.
std::vector<Candidate> Names(Values values, const FlagTexts& flags, const std::string& prefix) {
  std::vector<Candidate> names;
  const auto data = flags.find("data-dir");
  const std::string suffix = data == flags.end() ? "" : "@" + data->second;
  for (const char* const name : {"digits", "words"}) {
    if (std::string(name).starts_with(prefix)) {
      names.push_back({name + std::string(values == Values::kTrial ? "-t1" : "") + suffix, ""});
    }
  }
  return names;
}

std::vector<std::string> Offered(const std::vector<std::string>& words) {
  static const ProgramModel program = Program().Describe();
  const Completion completion = Complete(program, words, &Names);
  std::vector<std::string> texts;
  texts.reserve(completion.candidates.size() + 2);
  for (const Candidate& candidate : completion.candidates) {
    texts.push_back(candidate.text);
  }
  if (completion.files) {
    texts.emplace_back(":files");
  }
  if (completion.folders) {
    texts.emplace_back(":folders");
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST_CASE("complete: what is offered for a command line that is being typed", "[apps]") {
  struct Case {
    Texts words;
    Texts offered;
  };
  const Case cases[] = {
      {{"tri"}, {"trials"}},
      {{"re"}, {"resume", "replay"}},  // rebuild is hidden
      {{"get", ""}, {"digits", "words"}},
      {{"get", "di"}, {"digits"}},
      {{"get", "digits", ""}, {}},
      {{"logs", "w"}, {"words-t1"}},
      {{"get", "digits", "-o", ""}, {"table", "json", "yaml"}},
      {{"get", "digits", "-o", "j"}, {"json"}},
      {{"get", "--output=y"}, {"--output=yaml"}},
      {{"get", "--output", "=", "y"}, {"yaml"}},  // as bash cuts it
      {{"get", "--output", "="}, {"table", "json", "yaml"}},
      {{"get", "--out"}, {"--output"}},
      {{"--data-dir", ""}, {":folders"}},
      {{"--data-dir", "/x", "get", "d"}, {"digits@/x"}},
      {{"get", "--data-dir=/x", "d"}, {"digits@/x"}},
      {{"get", "--data-dir", "=", "/x", "d"}, {"digits@/x"}},
      {{"--data-dir", "/x", "ge"}, {"get"}},
      {{"--log-level", "w"}, {"warn"}},
      {{"run", ""}, {":files"}},
      {{"run", "--set", ""}, {}},
      {{"run", "--set", "a=b", ""}, {":files"}},
      {{"validate", "a.yaml", "b"}, {":files"}},
      {{"completion", ""}, {"bash", "zsh", "fish"}},
      {{"logs", "-f", "d"}, {"digits-t1"}},  // a flag takes no value
      {{"get", "--", "d"}, {"digits"}},
      {{"frobnicate", ""}, {}},
      {{"get", "--nonsense", "d"}, {"digits"}},
      {{"explain", "d"}, {"digits"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.words);
    CHECK(Offered(c.words) == c.offered);
  }
}

TEST_CASE("complete: every visible command and option is offered", "[apps]") {
  const ProgramModel program = Program().Describe();
  const Texts verbs = Offered({""});
  for (const VerbModel& verb : program.verbs) {
    CAPTURE(verb.name);
    const bool offered = std::find(verbs.begin(), verbs.end(), verb.name) != verbs.end();
    CHECK(offered == !verb.group.empty());
    const Texts options = Offered({verb.name, "--"});
    for (const auto* const args : {&verb.args, &program.globals}) {
      for (const ArgModel& arg : *args) {
        CAPTURE(arg.names.back());
        CHECK(
            (arg.positional || std::count(options.begin(), options.end(), arg.names.back()) == 1));
      }
    }
  }
}

}  // namespace
}  // namespace hone::cli
