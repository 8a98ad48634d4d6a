// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hone::architecture {

/// One file of the tree; the path is relative to the root, with '/'.
struct File {
  std::string path;
  std::string text;
};

/// A folder with a level of its own; folders below it without an entry share it.
struct Folder {
  std::string path;
  int level = 0;
  std::vector<std::string> may_include;  ///< folders of the same level that it may include
  bool implementation = false;           ///< included only from itself and from the top level
  bool implementations_below = false;    ///< the same for each of its subfolders
};

/// A third-party header and where it may be included.
struct Library {
  std::string header;              ///< prefix of the name between < and >
  std::vector<std::string> homes;  ///< prefixes of paths; empty: everywhere
  bool sources_only = false;       ///< in .cpp files only
  int from_level = 0;              ///< in folders of at least this level
};

/// The rules, as tests/architecture/layers.json states them.
struct Layers {
  std::vector<Folder> folders;
  std::vector<std::string> free;  ///< folders that may include anything
  std::vector<Library> libraries;
  int header_lines = 0;
  int source_lines = 0;
  int readme_lines = 0;
};

/// @errors kInvalidArgument
Result<Layers> ParseLayers(const std::string& json);

/// C++ files and README.md files under the root; hidden folders and those of builds are left out.
Result<std::vector<File>> ReadTree(const std::filesystem::path& root);

/// Every breach of a rule, each as "path:line: what is wrong" or "path: what is wrong".
std::vector<std::string> Check(const Layers& layers, const std::vector<File>& files);

/// Who includes whom.
using Graph = std::map<std::string, std::vector<std::string>>;
/// A way from a node back to itself, first node repeated at the end; empty if there is none.
std::vector<std::string> FindCycle(const Graph& graph);

}  // namespace hone::architecture
