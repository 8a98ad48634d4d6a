// SPDX-License-Identifier: Apache-2.0
#include "tests/architecture/checker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/guard.h"
#include "base/json.h"
#include "base/text.h"

namespace hone::architecture {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLicence = "// SPDX-License-Identifier: Apache-2.0";

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool IsSource(std::string_view path) {
  return path.ends_with(".cpp");
}
bool IsHeader(std::string_view path) {
  return path.ends_with(".h");
}
// Of a folder: the one at the root is for users, and as long as they need.
bool IsReadme(std::string_view path) {
  return path.ends_with("/README.md");
}
bool IsRead(std::string_view path) {
  return IsSource(path) || IsHeader(path) || IsReadme(path);
}

std::string FolderOf(std::string_view path) {
  return fs::path(path).parent_path().string();
}

struct Include {
  std::size_t line = 0;
  std::string name;
  bool angled = false;
};

std::optional<Include> ParseInclude(std::string_view line) {
  line = Trim(line);
  if (!line.starts_with('#')) {
    return std::nullopt;
  }
  line = Trim(line.substr(1));
  constexpr std::string_view kWord = "include";
  if (!line.starts_with(kWord)) {
    return std::nullopt;
  }
  line = Trim(line.substr(kWord.size()));
  if (line.empty() || (line[0] != '<' && line[0] != '"')) {
    return std::nullopt;
  }
  const auto end = line.find(line[0] == '<' ? '>' : '"', 1);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  return Include{0, std::string(line.substr(1, end - 1)), line[0] == '<'};
}

std::vector<Include> IncludesOf(const File& file) {
  std::vector<Include> includes;
  std::size_t number = 0;
  for (const std::string_view line : Split(file.text, '\n')) {
    ++number;
    if (auto include = ParseInclude(line)) {
      include->line = number;
      includes.push_back(*std::move(include));
    }
  }
  return includes;
}

class Checker {
 public:
  Checker(const Layers& layers, const std::vector<File>& files) : layers_(layers), files_(files) {
    for (const File& file : files) {
      paths_.insert(file.path);
    }
    for (const Folder& folder : layers.folders) {
      top_level_ = std::max(top_level_, folder.level);
    }
  }

  std::vector<std::string> Run() {
    for (const File& file : files_) {
      CheckForm(file);
      if (!IsReadme(file.path) && !IsFree(file.path)) {
        CheckIncludes(file);
      }
    }
    ReportCycle("folders", between_folders_);
    ReportCycle("files", between_files_);
    return std::move(breaches_);
  }

 private:
  void Report(const std::string& where, const std::string& what) {
    breaches_.push_back(where + ": " + what);
  }

  bool IsFree(std::string_view path) const {
    return std::ranges::any_of(layers_.free,
                               [&](const std::string& folder) { return IsBelow(path, folder); });
  }

  /// The entry with the longest matching path; null if there is none.
  const Folder* OwnerOf(std::string_view path) const {
    const Folder* owner = nullptr;
    for (const Folder& folder : layers_.folders) {
      if (IsBelow(path, folder.path) && (!owner || folder.path.size() > owner->path.size())) {
        owner = &folder;
      }
    }
    return owner;
  }

  void CheckForm(const File& file) {
    const auto lines = static_cast<int>(std::ranges::count(file.text, '\n'));
    const int ceiling = IsReadme(file.path)   ? layers_.readme_lines
                        : IsHeader(file.path) ? layers_.header_lines
                                              : layers_.source_lines;
    if (lines > ceiling) {
      Report(file.path,
             std::to_string(lines) + " lines; the ceiling is " + std::to_string(ceiling));
    }
    if (IsReadme(file.path)) {
      return;
    }
    if (Split(file.text, '\n').front() != kLicence) {
      Report(file.path, "the first line must be \"" + std::string(kLicence) + "\"");
    }
    if (IsHeader(file.path) && file.text.find("\n#pragma once\n") == std::string::npos) {
      Report(file.path, "a header needs #pragma once");
    }
  }

  void CheckIncludes(const File& file) {
    const Folder* owner = OwnerOf(file.path);
    if (owner == nullptr) {
      Report(file.path, "its folder has no level in tests/architecture/layers.json");
      return;
    }
    for (const Include& include : IncludesOf(file)) {
      const std::string where = file.path + ":" + std::to_string(include.line);
      if (include.angled) {
        CheckLibrary(where, file, *owner, include.name);
      } else if (!include.name.ends_with(".pb.h")) {  // generated, not in the tree
        CheckOwn(where, file, *owner, include.name);
      }
    }
  }

  void CheckLibrary(const std::string& where, const File& file, const Folder& owner,
                    const std::string& name) {
    for (const Library& library : layers_.libraries) {
      if (!name.starts_with(library.header)) {
        continue;
      }
      const bool at_home =
          library.homes.empty() || std::ranges::any_of(library.homes, [&](const std::string& home) {
            return file.path.starts_with(home);
          });
      if (!at_home) {
        Report(where, "<" + name + "> belongs in " + Join(library.homes, ", "));
      }
      if (library.sources_only && !IsSource(file.path)) {
        Report(where, "<" + name + "> belongs in .cpp files");
      }
      if (owner.level < library.from_level) {
        Report(where,
               "<" + name + "> belongs in level " + std::to_string(library.from_level) + " and up");
      }
    }
  }

  void CheckOwn(const std::string& where, const File& file, const Folder& owner,
                const std::string& name) {
    if (!paths_.contains(name)) {
      Report(where, "no file \"" + name + "\"; includes start at the root of the tree");
      return;
    }
    between_files_[file.path].push_back(name);
    if (FolderOf(file.path) != FolderOf(name)) {
      between_folders_[FolderOf(file.path)].push_back(FolderOf(name));
    }
    const Folder* other = OwnerOf(name);
    if (other == nullptr) {
      Report(where, "\"" + name + "\" is in no level");
      return;
    }
    const std::string wrong_level = LevelBreach(owner, *other);
    if (!wrong_level.empty()) {
      Report(where, "\"" + name + "\" " + wrong_level);
      return;
    }
    const std::string implementation = ImplementationOf(*other, name);
    if (!implementation.empty() && owner.level != top_level_ &&
        !IsBelow(file.path, implementation)) {
      Report(where, "\"" + name + "\" is an implementation: include its port instead");
    }
  }

  static std::string LevelBreach(const Folder& from, const Folder& to) {
    if (to.level < from.level || &from == &to) {
      return {};
    }
    if (to.level > from.level) {
      return "is of level " + std::to_string(to.level) + ", above " + from.path + "/ of level " +
             std::to_string(from.level);
    }
    const bool arrow = std::ranges::find(from.may_include, to.path) != from.may_include.end();
    return arrow ? ""
                 : "is not for " + from.path + "/: both are of level " + std::to_string(to.level);
  }

  /// The folder that alone may include this path; empty if the path is not of an implementation.
  static std::string ImplementationOf(const Folder& folder, const std::string& path) {
    if (folder.implementation) {
      return folder.path;
    }
    const auto end = path.find('/', folder.path.size() + 1);
    const bool below = folder.implementations_below && end != std::string::npos;
    return below ? path.substr(0, end) : "";
  }

  void ReportCycle(const std::string& of, const Graph& graph) {
    const std::vector<std::string> cycle = FindCycle(graph);
    if (!cycle.empty()) {
      Report(cycle.front(), of + " include each other: " + Join(cycle, " -> "));
    }
  }

  const Layers& layers_;
  const std::vector<File>& files_;
  std::set<std::string, std::less<>> paths_;
  int top_level_ = 0;
  Graph between_folders_;
  Graph between_files_;
  std::vector<std::string> breaches_;
};

/// Depth-first search; a node on the current way that is met again closes a cycle.
class CycleFinder {
 public:
  explicit CycleFinder(const Graph& graph) : graph_(graph) {}

  /// @returns true when `way` ends in a cycle
  bool Visit(const std::string& node) {
    way.push_back(node);
    if (std::ranges::count(way, node) > 1) {
      way.erase(way.begin(), std::ranges::find(way, node));
      return true;
    }
    const auto edges = graph_.find(node);
    if (done_.insert(node).second && edges != graph_.end() &&
        std::ranges::any_of(edges->second, [this](const std::string& n) { return Visit(n); })) {
      return true;
    }
    way.pop_back();
    return false;
  }

  std::vector<std::string> way;

 private:
  const Graph& graph_;
  std::set<std::string> done_;
};

bool IsLeftOut(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.starts_with('.') || name == "build" || name.starts_with("build-") ||
         name == "node_modules";
}

}  // namespace

Result<Layers> ParseLayers(const std::string& json) {
  return Guard(Code::kInvalidArgument, "layers.json", [&json] {
    const auto root = ParseJsonOrThrow(json);
    Layers layers;
    for (const auto& entry : root.at("folders")) {
      layers.folders.push_back({
          .path = entry.at("path"),
          .level = entry.at("level"),
          .may_include = entry.value("may_include", std::vector<std::string>()),
          .implementation = entry.value("implementation", false),
          .implementations_below = entry.value("implementations_below", false),
      });
    }
    for (const auto& entry : root.at("libraries")) {
      layers.libraries.push_back({
          .header = entry.at("header"),
          .homes = entry.value("homes", std::vector<std::string>()),
          .sources_only = entry.value("sources_only", false),
          .from_level = entry.value("from_level", 0),
      });
    }
    layers.free = root.at("free").get<std::vector<std::string>>();
    const auto& ceilings = root.at("ceilings");
    layers.header_lines = ceilings.at("header_lines");
    layers.source_lines = ceilings.at("source_lines");
    layers.readme_lines = ceilings.at("readme_lines");
    return layers;
  });
}

Result<std::vector<File>> ReadTree(const fs::path& root) {
  std::vector<fs::path> paths;
  const Status walked = Guard(Code::kUnavailable, "walk " + root.string(), [&] {
    fs::recursive_directory_iterator at(root);
    for (; at != fs::recursive_directory_iterator(); ++at) {
      if (at->is_directory() && IsLeftOut(at->path())) {
        at.disable_recursion_pending();
      }
      if (at->is_regular_file() && IsRead(at->path().lexically_relative(root).generic_string())) {
        paths.push_back(at->path());
      }
    }
  });
  HONE_RETURN_IF_ERROR(walked);
  std::ranges::sort(paths);
  std::vector<File> files;
  for (const fs::path& path : paths) {
    HONE_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
    files.push_back({path.lexically_relative(root).generic_string(), std::move(text)});
  }
  return files;
}

std::vector<std::string> Check(const Layers& layers, const std::vector<File>& files) {
  return Checker(layers, files).Run();
}

std::vector<std::string> FindCycle(const Graph& graph) {
  CycleFinder finder(graph);
  for (const auto& [node, edges] : graph) {
    if (finder.Visit(node)) {
      return finder.way;
    }
  }
  return {};
}

}  // namespace hone::architecture
