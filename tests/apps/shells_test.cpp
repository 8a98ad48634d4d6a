// SPDX-License-Identifier: Apache-2.0
// Completion in the shells themselves, and the manual page in the programs that show it.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

using hone::test::HoneProgram;

namespace {

/// Full path, or nothing with a word on it.
std::string FindTool(const std::string& name) {
  for (const char* const folder : {"/usr/bin/", "/bin/", "/usr/local/bin/"}) {
    if (std::filesystem::exists(folder + name)) {
      return folder + name;
    }
  }
  WARN("skipped: there is no " << name << " (tools/setup.sh --test installs it)");
  return "";
}

/// A data folder with the experiment "demo".
class Ran {
 public:
  Ran() {
    REQUIRE(hone.Run({"run", hone.Write({.trials = 1, .parallel = 1})}).exit_code == 0);
    trial = hone.Trials("demo").front();
  }
  /// Runs a script and gives what it prints.
  std::string Output(std::vector<std::string> shell, const std::string& script) {
    shell.push_back(
        hone.Write("script", "PATH=" + hone::test::ProgramFolder().string() + ":$PATH\n" + script));
    const auto run = hone.StartProgram(shell).Wait();
    INFO(run.err);
    CHECK(run.exit_code == 0);
    CHECK(run.err.empty());
    return run.out;
  }

  HoneProgram hone;
  std::string trial;
};

}  // namespace

TEST_CASE("completion: bash offers commands, options, values, names and files", "[apps]") {
  const std::string bash = FindTool("bash");
  if (bash.empty()) {
    return;
  }
  Ran ran;
  const std::string out = ran.Output({bash, "--norc"}, R"(
source <(hone completion bash)
complete -p hone
ask() {  # the words as bash cuts them; the last one is being typed
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  _hone
  echo "${COMPREPLY[*]}"
}
ask hone tri
ask hone get ''
ask hone logs de
ask hone get demo --output = y
ask hone get demo -o ''
ask hone get demo --outp
ask hone run scr
ask hone --data-dir /nowhere get ''
ask hone '$(touch owned)' ''
)");
  CHECK(out == "complete -F _hone hone\ntrials\ndemo\n" + ran.trial +
                   "\nyaml\ntable json yaml\n--output\nscript\n\n\n");
  CHECK_FALSE(std::filesystem::exists(ran.hone.work() / "owned"));
}

TEST_CASE("completion: zsh offers the same, with descriptions", "[apps]") {
  const std::string zsh = FindTool("zsh");
  if (zsh.empty()) {
    return;
  }
  Ran ran;
  // The function is driven as the completion system drives it, with its helpers replaced.
  const std::string out = ran.Output({zsh, "-f"}, R"(
_describe() { print -r -- "${(@P)4}" }
_files() { print -r -- files "$@" }
source <(hone completion zsh)
ask() {
  words=("$@") CURRENT=$# PREFIX="${@[-1]}"
  _hone
}
ask hone tri
ask hone get ''
ask hone logs de
ask hone get --output=y
ask hone run scr
ask hone --data-dir ''
)");
  CHECK(out == "trials:all trials of an experiment\ndemo:Succeeded experiment\n" + ran.trial +
                   ":trial of demo\n--output=yaml\nfiles\nfiles -/\n");
}

TEST_CASE("completion: zsh's own completion system takes the script", "[apps]") {
  const std::string zsh = FindTool("zsh");
  if (zsh.empty()) {
    return;
  }
  Ran ran;
  const std::string out = ran.Output({zsh, "-f"}, R"(
autoload -Uz compinit && compinit -u -D
source <(hone completion zsh)
print -r -- $_comps[hone]
)");
  CHECK(out == "_hone\n");
}

TEST_CASE("completion: fish offers the same, with descriptions", "[apps]") {
  const std::string fish = FindTool("fish");
  if (fish.empty()) {
    return;
  }
  Ran ran;
  ran.hone.Write("config.fish", "");
  const std::string path = "set -x PATH " + hone::test::ProgramFolder().string() + " $PATH\n";
  const std::string file = ran.hone.Write("ask.fish", path + R"(
hone completion fish | source
complete -C 'hone tri'
complete -C 'hone get '
complete -C 'hone logs de'
complete -C 'hone get --output=y'
complete -C 'hone run scr'
)");
  ran.hone.Write("scripted", "");
  const auto run = ran.hone.StartProgram({fish, "--no-config", file}).Wait();
  CHECK(run.exit_code == 0);
  CHECK(run.err.empty());
  CHECK(run.out == "trials\tall trials of an experiment\ndemo\tSucceeded experiment\n" + ran.trial +
                       "\ttrial of demo\n--output=yaml\nscripted\n");
}

TEST_CASE("completion: without a data folder, or with a broken file, nothing is said", "[apps]") {
  HoneProgram hone;
  const auto empty = hone.Run({"__complete", "get", ""});
  CHECK(empty.exit_code == 0);
  CHECK(empty.out.empty());
  CHECK(empty.err.empty());
  CHECK_FALSE(std::filesystem::exists(hone.data()));
  std::filesystem::create_directories(hone.data());
  std::filesystem::rename(hone.Write("junk", std::string(5000, 'x')), hone.data() / "hone.db");
  const auto broken = hone.Run({"__complete", "get", ""});
  CHECK(broken.exit_code == 0);
  CHECK(broken.out.empty());
  CHECK(broken.err.empty());
}

TEST_CASE("manual: mandoc and groff render the page without a warning", "[apps]") {
  HoneProgram hone;
  const auto page = hone.Run({"man"});
  REQUIRE(page.exit_code == 0);
  const std::string file = hone.Write("hone.1", page.out);
  if (const std::string mandoc = FindTool("mandoc"); !mandoc.empty()) {
    const auto lint = hone.StartProgram({mandoc, "-Tlint", "-Wstyle", file}).Wait();
    CHECK(lint.out.empty());
    CHECK(lint.exit_code == 0);
    const auto text = hone.StartProgram({mandoc, "-Tascii", file}).Wait();
    CHECK(text.out.find("hone logs TRIAL [OPTIONS]") == std::string::npos);  // it is overstruck
    CHECK(text.out.find("digits-7m4qlk4f") != std::string::npos);
  }
  if (const std::string groff = FindTool("groff"); !groff.empty()) {
    const auto run = hone.StartProgram({groff, "-ww", "-man", "-Tascii", file}).Wait();
    CHECK(run.exit_code == 0);
    CHECK(run.err.empty());
  }
}
