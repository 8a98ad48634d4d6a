// SPDX-License-Identifier: Apache-2.0
#include "api/wire/source_node.h"
#include "api/wire/yaml.h"
#include "base/text.h"

namespace hone {
namespace {

/// Where a path ended: the deepest node on it, and whether that is its end.
struct Found {
  const SourceNode* node = nullptr;
  std::size_t matched = 0;
  bool whole = false;
};

Found Walk(const SourceNode& node, std::string_view path, std::size_t done);

Found WalkItem(const SourceNode& node, std::string_view path, std::size_t done) {
  const Found here{&node, done, false};
  const std::size_t close = path.find(']', done);
  if (close == std::string_view::npos) {
    return here;
  }
  const auto index = ParseInt(path.substr(done + 1, close - done - 1));
  if (!index || *index < 0 || static_cast<std::size_t>(*index) >= node.items.size()) {
    return here;
  }
  return Walk(node.items[static_cast<std::size_t>(*index)], path, close + 1);
}

/// Keys may contain dots themselves: every end of the next part is tried, the shortest first.
Found WalkMember(const SourceNode& node, std::string_view path, std::size_t done) {
  Found best{&node, done, false};
  const std::size_t begin = path[done] == '.' ? done + 1 : done;
  std::size_t end = begin;
  while (end < path.size()) {
    end = std::min(path.find_first_of(".[", end + 1), path.size());
    const auto member = node.members.find(path.substr(begin, end - begin));
    if (member == node.members.end()) {
      continue;
    }
    const Found found = Walk(member->second, path, end);
    if (found.whole) {
      return found;
    }
    best = found.matched > best.matched ? found : best;
  }
  return best;
}

Found Walk(const SourceNode& node, std::string_view path, std::size_t done) {
  if (done >= path.size()) {
    return {&node, done, true};
  }
  return path[done] == '[' ? WalkItem(node, path, done) : WalkMember(node, path, done);
}

}  // namespace

int SourceMap::LineOf(std::string_view path) const {
  return root_ == nullptr ? 1 : Walk(*root_, path, 0).node->line;
}

std::optional<std::string> SourceMap::PlainText(std::string_view path) const {
  if (root_ == nullptr) {
    return std::nullopt;
  }
  const Found found = Walk(*root_, path, 0);
  if (!found.whole || !found.node->plain) {
    return std::nullopt;
  }
  return found.node->text;
}

}  // namespace hone
