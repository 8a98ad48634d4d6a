// SPDX-License-Identifier: Apache-2.0
#include "tests/architecture/type_names.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "base/text.h"

namespace hone::architecture {
namespace {

/// Of "namespace a::b {", empty of one without a name; nothing: the line opens none.
std::optional<std::string> OpenedNamespace(std::string_view line) {
  constexpr std::string_view kWord = "namespace ";
  if (!line.starts_with(kWord) || !line.ends_with("{")) {
    return std::nullopt;
  }
  line.remove_prefix(kWord.size());
  line.remove_suffix(1);
  return std::string(line.substr(0, line.find(' ')));
}

/// Of "struct Name {", "class Name final : public Base {" and the like; empty: it defines none.
std::string DefinedType(std::string_view line) {
  for (const std::string_view word : {"struct ", "class ", "enum class ", "enum "}) {
    if (line.starts_with(word) && line.ends_with("{")) {
      line.remove_prefix(word.size());
      const std::string_view name = line.substr(0, line.find(' '));
      return name.find_first_of(":<") == std::string_view::npos ? std::string(name) : "";
    }
  }
  return "";
}

bool IsOfPrograms(const std::string& path) {
  return !path.starts_with("tests/") && !path.starts_with("benchmarks/") &&
         (path.ends_with(".h") || path.ends_with(".cpp"));
}

}  // namespace

std::vector<std::string> TypesDefinedTwice(const std::vector<File>& files) {
  std::map<std::string, std::set<std::string>> places;
  for (const File& file : files) {
    std::vector<std::string> within;
    for (const std::string_view line :
         IsOfPrograms(file.path) ? Split(file.text, '\n') : std::vector<std::string_view>()) {
      if (auto opened = OpenedNamespace(line)) {
        within.push_back(*std::move(opened));
      } else if (line.starts_with("}  // namespace") && !within.empty()) {
        within.pop_back();
      } else if (const std::string name = DefinedType(line);
                 !name.empty() && std::ranges::count(within, "") == 0) {
        places[Join(within, "::") + "::" + name].insert(file.path);
      }
    }
  }
  std::vector<std::string> twice;
  for (const auto& [name, paths] : places) {
    if (paths.size() > 1) {
      twice.push_back(name + ": " +
                      Join(std::vector<std::string>(paths.begin(), paths.end()), ", "));
    }
  }
  return twice;
}

}  // namespace hone::architecture
