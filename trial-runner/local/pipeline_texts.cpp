// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/pipeline_texts.h"

#include "trial-runner/local/pipeline_order.h"

namespace hone::local {
namespace {

bool IsPartOfName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

/// JSON escapes no character of a sensible path but '/' at will, which our writer leaves alone.
bool Contains(const workflow::Template& leaf, std::string_view text) {
  return leaf.container.find(text) != std::string::npos ||
         leaf.source.find(text) != std::string::npos;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> PathsOf(const workflow::Template& leaf) {
  std::vector<std::pair<std::string, std::string>> paths;
  for (const workflow::Artifact& artifact : leaf.input_artifacts) {
    paths.emplace_back("inputs.artifacts." + artifact.name, artifact.path);
  }
  for (const workflow::Artifact& artifact : leaf.output_artifacts) {
    paths.emplace_back("outputs.artifacts." + artifact.name, artifact.path);
  }
  for (const workflow::Output& output : leaf.outputs) {
    paths.emplace_back("outputs.parameters." + output.name, output.path);
  }
  return paths;
}

bool NamesPath(const workflow::Template& leaf, const std::string& tag, const std::string& path) {
  std::string container = leaf.container;
  std::string source = leaf.source;
  return Contains(leaf, tag + ".path") || ReplacePath(container, path, path) ||
         ReplacePath(source, path, path);
}

bool NamesOwnVariable(const workflow::Template& leaf) {
  return Contains(leaf, "HONE_") || Contains(leaf, "KATIB_");
}

bool ReplacePath(std::string& text, std::string_view path, std::string_view own) {
  bool found = false;
  while (path.size() > 1 && path.ends_with('/')) {
    path.remove_suffix(1);
  }
  std::size_t at = path.size() < 2 ? std::string::npos : text.find(path);
  while (at != std::string::npos) {
    const std::size_t end = at + path.size();
    const bool inside = (at > 0 && (IsPartOfName(text[at - 1]) || text[at - 1] == '/')) ||
                        (end < text.size() && IsPartOfName(text[end]));
    if (!inside) {
      text.replace(at, path.size(), own);
      found = true;
    }
    at = text.find(path, inside ? end : at + own.size());
  }
  return found;
}

}  // namespace hone::local
