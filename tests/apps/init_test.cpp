// SPDX-License-Identifier: Apache-2.0
// hone init with real scripts: what it writes passes `hone validate`, and runs.
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/cli/draft.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

using hone::test::Has;
using hone::test::HoneProgram;

namespace {

const char* const kPython = R"py(#!/usr/bin/env python3
"""A training script: running it without arguments must not happen while it is only looked at."""
import argparse
open("was-run", "w").close()
parser = argparse.ArgumentParser()
parser.add_argument("-l", "--lr", type=float, default=0.01, help="learning rate,\nin steps")
parser.add_argument("--width", type=int, default=32)
parser.add_argument("--dropout", default=0.5, help='share of "dead" cells: # $(touch owned)')
parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--fast", action="store_true")
parser.add_argument("data", nargs="?")
arguments = parser.parse_args()
for epoch in range(arguments.epochs):
    print(f"epoch={epoch} accuracy={1 - arguments.lr:.4f} loss={arguments.lr}")
)py";

/// Validates and runs the file, and gives the experiment.
nlohmann::json Ran(HoneProgram& hone, const std::string& file, const std::string& name) {
  const auto validate = hone.Run({"validate", file});
  INFO(validate.out << validate.err);
  CHECK(validate.exit_code == 0);
  CHECK(validate.out.empty());
  const auto run = hone.Run({"run", file});
  INFO(run.err);
  CHECK(run.exit_code == 0);
  return hone.Json({"get", name});
}

}  // namespace

TEST_CASE("hone init: a Python script's own options are suggested, and it is not run", "[apps]") {
  HoneProgram hone;
  hone.Write("train_net.py", kPython);
  const auto init = hone.Run({"init", "train_net.py", "-O", "e.yaml", "--max-trials", "3"});
  INFO(init.err);
  REQUIRE(init.exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(hone.work() / "was-run"));
  const auto object = Ran(hone, "e.yaml", "train-net");
  CHECK(object["status"]["trialsSucceeded"] == 3);
  const auto& spec = object["spec"];
  CHECK(spec["objective"]["type"] == "maximize");
  CHECK(spec["objective"]["objectiveMetricName"] == "accuracy");
  std::map<std::string, nlohmann::json> parameters;
  for (const auto& parameter : spec["parameters"]) {
    parameters[parameter["name"]] = parameter;
  }
  CHECK(parameters.size() == 4);  // neither the number of epochs nor flags
  CHECK(parameters["lr"]["feasibleSpace"]["min"] == "0.001");
  CHECK(parameters["lr"]["feasibleSpace"]["max"] == "0.1");
  CHECK(parameters["lr"]["feasibleSpace"]["distribution"] == "logUniform");
  CHECK(parameters["width"]["parameterType"] == "int");
  CHECK(parameters["dropout"]["feasibleSpace"]["max"] == "1");
  CHECK(parameters["optimizer"]["feasibleSpace"]["list"] == nlohmann::json({"sgd", "adam"}));
  CHECK_FALSE(std::filesystem::exists(hone.work() / "owned"));
  const auto again = hone.Run({"init", "train_net.py", "-O", "e.yaml"});
  CHECK(again.exit_code == 2);
  CHECK(Has(again.err, "--force"));
  CHECK(hone.Run({"init", "train_net.py", "-O", "e.yaml", "--force"}).exit_code == 0);
  const auto shown = hone.Run({"init", "train_net.py", "-O", "-", "--max-trials", "3"});
  CHECK(shown.exit_code == 0);
  CHECK(Has(shown.out, "objectiveMetricName: \"accuracy\""));
  CHECK_FALSE(std::filesystem::exists(hone.work() / "-"));
}

TEST_CASE("hone init: a shell script with flags only", "[apps]") {
  HoneProgram hone;
  hone.Write("tune.sh", "#!/usr/bin/env bash\necho \"badness=${1#--lr=}\" \"$2\"\n");
  const auto init =
      hone.Run({"init", "tune.sh", "--parameter", "lr=0.001..0.1:log", "--parameter", "k=a,b",
                "--metric", "badness", "--minimize", "--max-trials", "2", "--yes"});
  INFO(init.err);
  REQUIRE(init.exit_code == 0);
  const std::string file = hone.Write("e.yaml", init.out);
  const auto object = Ran(hone, file, "tune");
  CHECK(object["status"]["trialsSucceeded"] == 2);
  CHECK(Has(hone.Run({"logs", hone.Trials("tune").front()}).out, "--k="));
}

TEST_CASE("hone init: on a terminal it asks", "[apps]") {
  if (!std::filesystem::exists("/usr/bin/script")) {
    WARN("skipped: there is no script(1)");
    return;
  }
  HoneProgram hone;
  hone.Write("train.py", kPython);
  // lr: as suggested; width: a slip, then a range; dropout: not; optimizer: as suggested; epochs
  // and the metric: as suggested; the direction; the number of trials.
  hone.Write("answers", "\n8..x\n8..16\n-\n\n\nloss\n\n2\n");
  const std::string command =
      (hone::test::ProgramFolder() / "hone").string() + " init train.py -O e.yaml";
  const auto run =
      hone.StartProgram({"bash", "-c", "script -qec '" + command + "' /dev/null < answers"}).Wait();
  INFO(run.out << run.err);
  CHECK(run.exit_code == 0);
  CHECK(Has(run.out, "range of --lr, now 0.01 (learning rate,"));
  CHECK(Has(run.out, "[0.001..0.1:log]"));
  CHECK(Has(run.out, "a bound that is no number"));
  const auto object = Ran(hone, "e.yaml", "train");
  CHECK(object["status"]["trialsSucceeded"] == 2);
  CHECK(object["spec"]["objective"]["type"] == "minimize");
  CHECK(object["spec"]["parameters"].size() == 3);
  CHECK(object["spec"]["parameters"][1]["feasibleSpace"]["max"] == "16");
}

TEST_CASE("hone init: what it cannot know is asked for with the flag to give", "[apps]") {
  HoneProgram hone;
  hone.Write("train.py", kPython);
  hone.Write("mute.sh", "#!/bin/sh\ntrue\n");
  hone.Write("data.csv", "a,b\n");
  hone.Write("broken.py", "def f(:\n");
  struct Case {
    const char* name;
    std::vector<std::string> words;
    const char* told;
  };
  const Case cases[] = {
      {"no such script", {"init", "nowhere.py"}, "nowhere.py"},
      {"no script", {"init", "data.csv"}, "neither Python (.py) nor a shell script"},
      {"a mistake in the script", {"init", "broken.py"}, "Python cannot read broken.py"},
      {"nothing to vary", {"init", "mute.sh", "--metric", "loss"}, "--parameter lr=0.001..0.1:log"},
      {"no metric", {"init", "mute.sh", "--parameter", "x=0..1"}, "--metric NAME"},
      {"no direction",
       {"init", "mute.sh", "--parameter", "x=0..1", "--metric", "quux"},
       "--maximize or --minimize"},
      {"both directions", {"init", "train.py", "--maximize", "--minimize"}, "exclude each other"},
      {"no range", {"init", "train.py", "--parameter", "lr"}, "NAME=RANGE"},
      {"bounds the wrong way round",
       {"init", "train.py", "--parameter", "lr=1..0"},
       "lr: the first bound must be smaller"},
      {"an algorithm that is not there", {"init", "train.py", "--algorithm", "randm"}, "random"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto run = hone.Run(c.words);
      CHECK(run.exit_code == 2);
      CHECK(run.out.empty());
      CHECK_THAT(run.err, Catch::Matchers::Contains(c.told));
    }
  }
  const auto slip = hone.Run({"init", "train.py", "--parameter", "widht=8..16", "--yes"});
  CHECK(slip.exit_code == 0);
  CHECK(Has(slip.err, "did you mean --width?"));
}

namespace hone::cli {
namespace {

using Kind = ScriptOption::Kind;

TEST_CASE("init: ranges as people write them", "[apps]") {
  struct Case {
    const char* text;
    Kind kind;
    DraftParameter parameter;
  };
  const Case cases[] = {
      {"0.001..0.1:log", Kind::kReal, {"p", "double", "0.001", "0.1", true, {}, ""}},
      {"8..128", Kind::kText, {"p", "int", "8", "128", false, {}, ""}},
      {"8..128", Kind::kReal, {"p", "double", "8", "128", false, {}, ""}},
      {"8..128:double", Kind::kText, {"p", "double", "8", "128", false, {}, ""}},
      {"1e-5 .. 1", Kind::kText, {"p", "double", "1e-5", "1", false, {}, ""}},
      {"-3..3:int", Kind::kReal, {"p", "int", "-3", "3", false, {}, ""}},
      {"sgd, adam", Kind::kText, {"p", "categorical", "", "", false, {"sgd", "adam"}, ""}},
      {"8,16", Kind::kInteger, {"p", "discrete", "", "", false, {"8", "16"}, ""}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto parsed = ParseRange("p", c.text, c.kind);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == c.parameter);
  }
  for (const char* const text : {"", "a,,b", "1..1", "2..1", "1..", "..1", "0..1:log", "1..2:cubic",
                                 "0.5..3:int", "nan..1", "0..inf"}) {
    CAPTURE(text);
    const auto parsed = ParseRange("p", text, Kind::kText);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().field == "p");
  }
}

TEST_CASE("init: names of experiments are names", "[apps]") {
  CHECK(NameFor("src/train.py") == "train");
  CHECK(NameFor("Train_Net 2.py") == "train-net-2");
  CHECK(NameFor("2fast.sh") == "tune-2fast");
  CHECK(NameFor("__.py") == "tune-script");
  CHECK(NameFor(std::string(80, 'a').append(".py")) == std::string(40, 'a'));
}

}  // namespace
}  // namespace hone::cli
