// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "tests/architecture/checker.h"
#include "tests/architecture/type_names.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace {

using hone::architecture::Check;
using hone::architecture::File;
using hone::architecture::FindCycle;
using hone::architecture::Graph;
using hone::architecture::Layers;
using hone::architecture::ParseLayers;
using hone::architecture::ReadTree;
using hone::architecture::TypesDefinedTwice;

const std::filesystem::path kRoot = hone::test::SourceFolder();

Layers RealLayers() {
  const auto text = hone::ReadFile(kRoot / "tests/architecture/layers.json");
  REQUIRE(text.has_value());
  const auto layers = ParseLayers(*text);
  INFO((layers.has_value() ? "" : layers.error().message));
  REQUIRE(layers.has_value());
  return *layers;
}

File Source(std::string path, const std::string& body) {
  return {std::move(path), "// SPDX-License-Identifier: Apache-2.0\n" + body};
}

File Header(std::string path, const std::string& body = "") {
  return Source(std::move(path), "#pragma once\n" + body);
}

/// The headers that the made-up sources below include.
std::vector<File> SmallTree() {
  std::vector<File> files;
  for (const char* path : {"base/result.h",
                           "core/space.h",
                           "core/ports/source.h",
                           "algorithms/searcher.h",
                           "nas/space.h",
                           "earlystop/stopper.h",
                           "earlystop/remote/client.h",
                           "api/wire/yaml.h",
                           "suggestion/suggester.h",
                           "suggestion/inprocess/local.h",
                           "store/ledger.h",
                           "store/sqlite/store.h",
                           "store/sqlite/parts/row.h",
                           "store/schema/schema.h",
                           "store/memory/store.h",
                           "controller/strand.h",
                           "controller/admission/check.h",
                           "api/server/rest.h",
                           "apps/config.h",
                           "tests/catch.h"}) {
    files.push_back(Header(path));
  }
  return files;
}

std::vector<std::string> CheckWith(const File& extra) {
  std::vector<File> files = SmallTree();
  std::erase_if(files, [&](const File& file) { return file.path == extra.path; });
  files.push_back(extra);
  return Check(RealLayers(), files);
}

TEST_CASE("architecture: the tree keeps its rules", "[architecture]") {
  const auto files = ReadTree(kRoot);
  REQUIRE(files.has_value());
  CHECK(files->size() > 20);
  const std::vector<std::string> breaches = Check(RealLayers(), *files);
  INFO(hone::Join(breaches, "\n"));
  CHECK(breaches.empty());
}

TEST_CASE("architecture: no two types have one name", "[architecture]") {
  const auto files = ReadTree(kRoot);
  REQUIRE(files.has_value());
  CHECK(hone::Join(TypesDefinedTwice(*files), "\n").empty());
}

TEST_CASE("checker: a type that two files define is found", "[architecture]") {
  const std::string open = "namespace hone {\n";
  const std::string close = "}  // namespace hone\n";
  const std::string hidden = "namespace {\nstruct Row {\n};\n}  // namespace\n";
  const std::vector<File> files = {
      Header("core/a.h", open + "class Row final : public Base {\n};\nstruct Only {\n};\n" + close),
      Source("api/b.cpp", open + hidden + "struct Later;\nstruct Row::Inner {\n};\n" + close),
      Header("store/c.h",
             open + "namespace sql {\nstruct Row {\n};\n}  // namespace sql\n" + close),
      Source("tests/d.cpp", open + "struct Row {\n};\n" + close),
      Source("store/e.cpp", open + "struct Later;\nstruct Row {\n};\n" + close),
  };
  CHECK(TypesDefinedTwice(files) == std::vector<std::string>{"hone::Row: core/a.h, store/e.cpp"});
}

TEST_CASE("checker: what the rules allow passes", "[architecture]") {
  CHECK(Check(RealLayers(), SmallTree()).empty());
  const struct {
    const char* path;
    const char* include;
  } rows[] = {
      {"core/space.cpp", "\"base/result.h\""},
      {"core/ports/source.cpp", "\"core/space.h\""},
      {"nas/enas.cpp", "\"algorithms/searcher.h\""},
      {"algorithms/gp/kernel.cpp", "<Eigen/Dense>"},
      {"algorithms/tpe.cpp", "<nlohmann/json.hpp>"},
      {"base/executor.cpp", "<boost/asio/post.hpp>"},
      {"base/log.cpp", "<spdlog/logger.h>"},
      {"suggestion/inprocess/local.cpp", "\"suggestion/suggester.h\""},
      {"suggestion/inprocess/local.cpp", "\"suggestion/inprocess/local.h\""},
      {"suggestion/inprocess/local.cpp", "\"algorithms/searcher.h\""},
      {"earlystop/remote/client.cpp", "\"earlystop/stopper.h\""},
      {"store/sqlite/store.cpp", "<sqlite3.h>"},
      {"store/sqlite/store.cpp", "\"store/sqlite/parts/row.h\""},
      {"store/sqlite/store.cpp", "\"store/schema/schema.h\""},
      {"store/sqlite/parts/table.cpp", "\"store/sqlite/store.h\""},
      {"controller/strand.cpp", "\"controller/admission/check.h\""},
      {"controller/strand.cpp", "\"store/ledger.h\""},
      {"api/server/rest.cpp", "\"api/wire/yaml.h\""},
      {"apps/main.cpp", "\"store/sqlite/store.h\""},
      {"apps/main.cpp", "\"api/server/rest.h\""},
      {"tests/store/x_test.cpp", "\"store/sqlite/store.h\""},
      {"tests/core/x_test.cpp", "\"apps/config.h\""},
      {"benchmarks/speed/x.cpp", "<torch/torch.h>"},
      {"api/server/rpc.cpp", "\"api/proto/api.pb.h\""},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.path << " includes " << row.include) {
      const auto breaches =
          CheckWith(Source(row.path, std::string("#include ") + row.include + "\n"));
      INFO(hone::Join(breaches, "\n"));
      CHECK(breaches.empty());
    }
  }
}

TEST_CASE("checker: each forbidden include is reported where it stands", "[architecture]") {
  const struct {
    const char* path;
    const char* include;
    const char* reason;
  } rows[] = {
      {"base/x.cpp", "\"core/space.h\"", "above base/ of level 0"},
      {"core/x.cpp", "\"algorithms/searcher.h\"", "above core/ of level 1"},
      {"algorithms/x.cpp", "\"nas/space.h\"", "both are of level 2"},
      {"algorithms/x.cpp", "\"api/wire/yaml.h\"", "both are of level 2"},
      {"api/wire/x.cpp", "\"api/server/rest.h\"", "above api/wire/ of level 2"},
      {"earlystop/x.cpp", "\"earlystop/remote/client.h\"", "above earlystop/ of level 2"},
      {"suggestion/x.cpp", "\"store/ledger.h\"", "both are of level 3"},
      {"suggestion/inprocess/x.cpp", "\"store/ledger.h\"", "both are of level 3"},
      {"store/x.cpp", "\"controller/strand.h\"", "above store/ of level 3"},
      {"controller/x.cpp", "\"apps/config.h\"", "above controller/ of level 4"},
      {"controller/x.cpp", "\"store/sqlite/store.h\"", "is an implementation"},
      {"store/x.cpp", "\"store/sqlite/store.h\"", "is an implementation"},
      {"store/memory/x.cpp", "\"store/sqlite/store.h\"", "is an implementation"},
      {"suggestion/x.cpp", "\"store/schema/schema.h\"", "both are of level 3"},
      {"store/schema/x.cpp", "\"store/ledger.h\"", "both are of level 3"},
      {"controller/x.cpp", "\"earlystop/remote/client.h\"", "is an implementation"},
      {"api/server/x.cpp", "\"suggestion/inprocess/local.h\"", "is an implementation"},
      {"apps/x.cpp", "\"tests/catch.h\"", "is in no level"},
      {"core/x.cpp", "\"space.h\"", "includes start at the root"},
      {"store/x.cpp", "<sqlite3.h>", "belongs in store/sqlite/"},
      {"store/memory/x.cpp", "<SQLiteCpp/Database.h>", "belongs in store/sqlite/"},
      {"store/sqlite/x.cpp", "<pqxx/pqxx>", "belongs in store/postgres/"},
      {"algorithms/x.cpp", "<torch/torch.h>", "belongs in nas/train/, serving/embedded/"},
      {"controller/x.cpp", "<grpcpp/grpcpp.h>", "belongs in api/server/"},
      {"api/server/x.cpp", "<boost/beast.hpp>", "belongs in api/server/http/"},
      {"controller/x.cpp", "<boost/asio.hpp>", "belongs in base/"},
      {"base/x.cpp", "<spdlog/spdlog.h>", "belongs in base/log.cpp"},
      {"apps/x.cpp", "<yaml-cpp/yaml.h>", "belongs in api/wire/"},
      {"api/client/x.cpp", "<CLI/CLI.hpp>", "belongs in apps/"},
      {"core/x.cpp", "<Eigen/Dense>", "belongs in level 2 and up"},
      {"newfolder/x.cpp", "<vector>", "has no level"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.path << " includes " << row.include) {
      const auto breaches =
          CheckWith(Source(row.path, std::string("\n#  include ") + row.include + " // why\n"));
      INFO(hone::Join(breaches, "\n"));
      REQUIRE(breaches.size() == 1);
      CHECK(breaches[0].starts_with(row.path));
      CHECK(breaches[0].find(row.reason) != std::string::npos);
      const bool whole_file = std::string_view(row.path).starts_with("newfolder/");
      CHECK((whole_file || breaches[0].find(":3: ") != std::string::npos));
    }
  }
}

TEST_CASE("checker: heavy headers stay out of headers", "[architecture]") {
  for (const char* include : {"<nlohmann/json.hpp>", "<boost/asio.hpp>", "<boost/math/x.hpp>"}) {
    DYNAMIC_SECTION(include) {
      const auto breaches =
          CheckWith(Header("base/x.h", std::string("#include ") + include + "\n"));
      REQUIRE(breaches.size() == 1);
      CHECK(breaches[0].find("belongs in .cpp files") != std::string::npos);
    }
  }
  CHECK(CheckWith(Header("base/x.h", "#include <nlohmann/json_fwd.hpp>\n")).empty());
}

TEST_CASE("checker: the form of a file", "[architecture]") {
  const auto lines = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += "\n";
    }
    return text;
  };
  const struct {
    const char* name;
    File file;
    const char* reason;  // empty: allowed
  } rows[] = {
      {"header at the ceiling", Header("core/x.h", lines(198)), ""},
      {"header above it", Header("core/x.h", lines(199)), "201 lines; the ceiling is 200"},
      {"source at the ceiling", Source("core/x.cpp", lines(499)), ""},
      {"source above it", Source("core/x.cpp", lines(500)), "501 lines; the ceiling is 500"},
      {"test above it", Source("tests/core/x_test.cpp", lines(500)), "the ceiling is 500"},
      {"readme at the ceiling", {"core/README.md", lines(60)}, ""},
      {"readme above it", {"core/README.md", lines(61)}, "61 lines; the ceiling is 60"},
      {"no licence", {"core/x.cpp", "int x;\n"}, "the first line must be"},
      {"licence on the second line",
       {"core/x.cpp", "\n// SPDX-License-Identifier: Apache-2.0\n"},
       "the first line must be"},
      {"empty", {"tests/core/x_test.cpp", ""}, "the first line must be"},
      {"header without a guard", Source("core/x.h", "int x;\n"), "needs #pragma once"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto breaches = CheckWith(row.file);
      INFO(hone::Join(breaches, "\n"));
      if (std::string_view(row.reason).empty()) {
        CHECK(breaches.empty());
      } else {
        REQUIRE(breaches.size() == 1);
        CHECK(breaches[0].starts_with(row.file.path));
        CHECK(breaches[0].find(row.reason) != std::string::npos);
      }
    }
  }
}

TEST_CASE("checker: folders of one level must not include each other in a circle",
          "[architecture]") {
  const auto breaches = Check(
      RealLayers(), {Header("core/a.h", "#include \"core/ports/b.h\"\n"),
                     Header("core/ports/b.h", "#include \"core/c.h\"\n"), Header("core/c.h")});
  REQUIRE(breaches.size() == 1);
  CHECK(breaches[0] == "core: folders include each other: core -> core/ports -> core");
}

TEST_CASE("checker: files must not include each other in a circle", "[architecture]") {
  const auto breaches = Check(RealLayers(), {Header("core/a.h", "#include \"core/b.h\"\n"),
                                             Header("core/b.h", "#include \"core/a.h\"\n")});
  REQUIRE(breaches.size() == 1);
  CHECK(breaches[0] == "core/a.h: files include each other: core/a.h -> core/b.h -> core/a.h");
}

TEST_CASE("checker: FindCycle finds the circle and not the way to it", "[architecture]") {
  const struct {
    const char* name;
    Graph graph;
    std::vector<std::string> cycle;
  } rows[] = {
      {"nothing", {}, {}},
      {"a chain", {{"a", {"b"}}, {"b", {"c"}}}, {}},
      {"a diamond", {{"a", {"b", "c"}}, {"b", {"d"}}, {"c", {"d"}}, {"d", {"e"}}}, {}},
      {"a node by itself", {{"a", {"a"}}}, {"a", "a"}},
      {"behind a tail",
       {{"a", {"b"}}, {"b", {"c"}}, {"c", {"d"}}, {"d", {"b"}}},
       {"b", "c", "d", "b"}},
      {"in the second part", {{"a", {"b"}}, {"x", {"y"}}, {"y", {"x"}}}, {"x", "y", "x"}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(FindCycle(row.graph) == row.cycle);
    }
  }
}

TEST_CASE("checker: ReadTree finds sources and leaves out builds", "[architecture]") {
  const hone::testing::TempFolder folder;
  for (const char* path :
       {"core/a.h", "core/deep/b.cpp", "core/README.md", "core/c.txt", "README.md", "build/d.cpp",
        "build-x/e.cpp", ".git/f.h", "ui/node_modules/g.h"}) {
    REQUIRE(hone::MakeFolders((folder / path).parent_path()).has_value());
    REQUIRE(hone::WriteFile(folder / path, path).has_value());
  }
  const auto files = ReadTree(folder.path());
  REQUIRE(files.has_value());
  std::vector<std::string> found;
  for (const File& file : *files) {
    CHECK(file.text == file.path);
    found.push_back(file.path);
  }
  CHECK(found == std::vector<std::string>{"core/README.md", "core/a.h", "core/deep/b.cpp"});
}

TEST_CASE("checker: rules that do not parse are refused", "[architecture]") {
  CHECK_FALSE(ParseLayers("{").has_value());
  CHECK_FALSE(ParseLayers("{}").has_value());
  CHECK_FALSE(ParseLayers(R"({"folders": [{"path": "base"}]})").has_value());
}

}  // namespace
