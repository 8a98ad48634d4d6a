// SPDX-License-Identifier: Apache-2.0
#include "core/workflow/tags.h"

#include <optional>

#include "base/text.h"

namespace hone::workflow {
namespace {

struct Tag {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view name;
};

std::optional<Tag> NextTag(std::string_view text, std::size_t from) {
  const std::size_t begin = text.find("{{", from);
  const std::size_t end = begin == std::string_view::npos ? begin : text.find("}}", begin + 2);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  return Tag{begin, end + 2, Trim(text.substr(begin + 2, end - begin - 2))};
}

}  // namespace

std::vector<std::string> TagsIn(std::string_view text) {
  std::vector<std::string> names;
  std::size_t at = 0;
  while (const auto tag = NextTag(text, at)) {
    names.emplace_back(tag->name);
    at = tag->end;
  }
  return names;
}

Result<std::string> FillTags(std::string_view text, const TagValue& value) {
  std::string filled;
  std::size_t at = 0;
  while (const auto tag = NextTag(text, at)) {
    filled.append(text.substr(at, tag->begin - at));
    HONE_ASSIGN_OR_RETURN(const std::string given, value(tag->name));
    filled.append(given);
    at = tag->end;
  }
  filled.append(text.substr(at));
  return filled;
}

std::vector<std::string_view> WordsOf(std::string_view tag) {
  return Split(tag, '.');
}

}  // namespace hone::workflow
