// SPDX-License-Identifier: Apache-2.0
// Flag over environment over file over default.
#include "apps/cli/settings.h"

#include <fstream>

#include "apps/cli/slot_options.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace hone::cli {
namespace {

using Variables = std::map<std::string, std::string>;

Environment From(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  };
}

EffectiveValue Of(const Config& config, const std::string& key) {
  for (const EffectiveValue& value : config.effective) {
    if (value.key == key) {
      return value;
    }
  }
  FAIL("no setting " << key);
  return {};
}

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) { std::ofstream(path()) << text; }
  [[nodiscard]] std::string path() const { return (folder_ / "config.yaml").string(); }

 private:
  testing::TempFolder folder_;
};

TEST_CASE("settings: flag over environment over file over default", "[apps]") {
  const ConfigFile file("# mine\ncpus: 2\ngrace: 2.5\n\nlog-level: error\nnamespace: team\n");
  const auto config =
      ResolveConfig(Settings(), {{"config", file.path()}, {"cpus", "8"}},
                    From({{"HONE_CPUS", "4"}, {"HONE_GRACE", "3"}, {"HOME", "/home/me"}}));
  REQUIRE(config.has_value());
  CHECK(config->cpus == 8U);
  CHECK(Of(*config, "cpus") == EffectiveValue{"cpus", "8", "flag --cpus"});
  CHECK(config->grace == std::chrono::seconds(3));
  CHECK(Of(*config, "grace") == EffectiveValue{"grace", "3", "environment HONE_GRACE"});
  CHECK(config->log_level == LogLevel::kError);
  CHECK(Of(*config, "log-level") == EffectiveValue{"log-level", "error", file.path() + ":5"});
  CHECK(config->name_space == "team");
  CHECK(config->data_dir == "/home/me/.local/share/hone");
  CHECK(Of(*config, "data-dir").source == "default");
  CHECK_FALSE(config->gpus.has_value());
  CHECK(config->effective.size() == Settings().size());
}

TEST_CASE("settings: every one can be said in every place", "[apps]") {
  const std::map<std::string, std::string> texts = {
      {"data-dir", "/data"},
      {"namespace", "team"},
      {"cpus", "3"},
      {"memory", "64G"},
      {"gpus", "0,MIG-7"},
      {"grace", "1.5"},
      {"accelerator", "cuda:1"},
      {"log-level", "debug"},
      {"log-format", "json"},
      {"log-quota", "64K"},
      {"store", "postgresql://u:hush@h/d"},
      {"server", "h:6790"},
      {"token", "hush"},
      {"server-ca", "/ca.pem"},
  };
  for (const Setting& setting : Settings()) {
    DYNAMIC_SECTION(setting.key) {
      const std::string& text = texts.at(setting.key);
      const ConfigFile file(setting.key + ": " + text + "\n");
      for (const auto& [flags, variables, source] :
           {std::tuple<FlagTexts, Variables, std::string>{
                {{setting.key, text}}, {}, "flag " + setting.Flag()},
            {{}, {{setting.Variable(), text}}, "environment " + setting.Variable()},
            {{}, {{"HONE_CONFIG", file.path()}}, file.path() + ":1"}}) {
        const auto config = ResolveConfig(Settings(), flags, From(variables));
        INFO((config.has_value() ? "" : config.error().Text()));
        REQUIRE(config.has_value());
        const std::string shown = setting.secret ? "***" : text;
        CHECK(Of(*config, setting.key) == EffectiveValue{setting.key, shown, source});
      }
    }
  }
}

TEST_CASE("settings: GPUs by number or by name", "[apps]") {
  CHECK(ParseGpus("2") == DeclaredGpus{.count = 2, .names = {}});
  CHECK(ParseGpus("2,") == DeclaredGpus{.count = 1, .names = {"2"}});
  CHECK(ParseGpus("0, GPU-8932f937") == DeclaredGpus{.count = 2, .names = {"0", "GPU-8932f937"}});
}

TEST_CASE("settings: the file is found where the environment says", "[apps]") {
  const testing::TempFolder folder;
  std::filesystem::create_directories(folder / "xdg/hone");
  std::ofstream(folder / "xdg/hone/config.yaml") << "cpus: 5\n";
  const Variables xdg = {{"XDG_CONFIG_HOME", (folder / "xdg").string()}};
  CHECK(ResolveConfig(Settings(), {}, From(xdg))->cpus == 5U);
  std::filesystem::create_directories(folder / "home/.config");
  std::filesystem::rename(folder / "xdg/hone", folder / "home/.config/hone");
  const Variables home = {{"HOME", (folder / "home").string()}};
  CHECK(ResolveConfig(Settings(), {}, From(home))->cpus == 5U);
  CHECK_FALSE(ResolveConfig(Settings(), {}, From(xdg))->cpus);  // a usual file may be missing
}

TEST_CASE("settings: what is wrong is refused with its place", "[apps]") {
  struct Case {
    const char* name;
    std::string file;
    FlagTexts flags;
    Variables variables;
    std::string told;  // FILE stands for the file's path
  };
  const Case cases[] = {
      {"a flag", "", {{"cpus", "0"}}, {}, "--cpus: must be a whole number from 1"},
      {"a variable", "", {}, {{"HONE_GPUS", "-1"}}, "HONE_GPUS: must be a whole number from 0"},
      {"GPUs named twice",
       "",
       {{"gpus", "0,1,0"}},
       {},
       "--gpus: must be a whole number from 0, or"},
      {"a GPU of odd name",
       "",
       {{"gpus", "0, ;"}},
       {},
       "--gpus: must be a whole number from 0, or"},
      {"no size of memory", "", {{"memory", "much"}}, {}, "--memory: must be a size such as 512M"},
      {"a value in the file", "cpus: 1\ngrace: long\n", {}, {}, "FILE:2: grace: must be a number"},
      {"not a number", "", {{"grace", "nan"}}, {}, "--grace: must be a number of seconds"},
      {"no size", "", {{"log-quota", "64KB"}}, {}, "--log-quota: must be a size such as 64K"},
      {"a unit alone", "", {{"log-quota", "M"}}, {}, "--log-quota: must be a size"},
      {"a size below 0", "", {{"log-quota", "-1"}}, {}, "--log-quota: must be a size"},
      {"a size that overflows",
       "",
       {{"log-quota", "99999999T"}},
       {},
       "--log-quota: must be a size"},
      {"an unknown key",
       "cpus: 1\n\ncpu: 2\n",
       {},
       {},
       "FILE:3: cpu: there is no such setting, did you mean cpus?"},
      {"a key twice", "cpus: 1\ncpus: 2\n", {}, {}, "FILE:2: "},
      {"a list", "cpus: [1]\n", {}, {}, "FILE:1: cpus: must have one value"},
      {"no value", "cpus:\n", {}, {}, "FILE:1: cpus: must have one value"},
      {"no map", "- cpus\n", {}, {}, "FILE:1: must be a map"},
      {"no YAML", "cpus: 1\n  x: [\n", {}, {}, "FILE:"},
      {"two documents", "cpus: 1\n---\ncpus: 2\n", {}, {}, "FILE: must be one YAML document"},
      {"a relative folder",
       "data-dir: data\n",
       {},
       {},
       "FILE:1: data-dir: must be an absolute path"},
      {"an unknown word",
       "log-level: loud\n",
       {},
       {},
       "FILE:1: log-level: must be one of debug, info, warn, error, off, not 'loud'"},
      {"a file that is not there", "", {{"config", "/nowhere/c.yaml"}}, {}, "/nowhere/c.yaml"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const ConfigFile file(c.file);
      FlagTexts flags = c.flags;
      flags.try_emplace("config", file.path());
      std::string told = c.told;
      if (const std::size_t at = told.find("FILE"); at != std::string::npos) {
        told.replace(at, 4, file.path());
      }
      const auto config = ResolveConfig(Settings(), flags, From(c.variables));
      REQUIRE_FALSE(config.has_value());
      CHECK(config.error().code == Code::kInvalidArgument);
      CHECK_THAT(config.error().Text(), Catch::Matchers::Contains(told));
    }
  }
}

TEST_CASE("settings: an empty file and an empty variable say nothing", "[apps]") {
  const ConfigFile file("# all defaults\n");
  const auto config =
      ResolveConfig(Settings(), {{"config", file.path()}}, From({{"HONE_CPUS", ""}}));
  REQUIRE(config.has_value());
  CHECK_FALSE(config->cpus);
}

TEST_CASE("settings: a secret is used but not shown", "[apps]") {
  std::string used;
  const std::vector<Setting> settings = {{"token",
                                          "",
                                          "TEXT",
                                          "",
                                          "",
                                          "",
                                          [](const Environment&) { return std::string(); },
                                          [&used](Config&, const std::string& text) -> Status {
                                            used = text;
                                            return {};
                                          },
                                          Values::kAny,
                                          {},
                                          true}};
  const auto config = ResolveConfig(settings, {}, From({{"HONE_TOKEN", "hush"}}));
  REQUIRE(config.has_value());
  CHECK(used == "hush");
  CHECK(config->effective.front().value == "***");
  CHECK(ResolveConfig(settings, {}, From({}))->effective.front().value.empty());
}

}  // namespace
}  // namespace hone::cli
