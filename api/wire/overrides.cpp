// SPDX-License-Identifier: Apache-2.0
#include "api/wire/overrides.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>

#include "base/result.h"
#include "base/text.h"

namespace hone {
namespace {

using nlohmann::json;

std::string Place(std::size_t number) {
  return "--set " + std::to_string(number);
}

/// Whether `path` is `above` or lies under it.
bool IsUnder(std::string_view path, std::string_view above) {
  return path.starts_with(above) &&
         (path.size() == above.size() || path[above.size()] == '.' || path[above.size()] == '[');
}

/// A place in a document and what is left of a path to it.
struct Step {
  json* node = nullptr;
  std::string_view rest;
};

Result<Step> IntoList(json& list, std::string_view path) {
  const std::size_t close = path.find(']');
  const auto index = ParseInt(path.substr(1, close == path.npos ? close : close - 1));
  if (close == path.npos || !index || *index < 0) {
    return Fail(Code::kInvalidArgument, "'[' must be followed by the number of an item and ']'");
  }
  if (!list.is_array() || static_cast<std::size_t>(*index) >= list.size()) {
    const std::size_t size = list.is_array() ? list.size() : 0;
    return Fail(Code::kInvalidArgument, "the list has no item [" + std::to_string(*index) +
                                            "]; it has " + std::to_string(size) +
                                            ", counted from 0");
  }
  return Step{&list[static_cast<std::size_t>(*index)], path.substr(close + 1)};
}

/// Keys may contain dots themselves: the shortest that there is counts, else the shortest.
Result<Step> IntoMap(json& map, std::string_view path) {
  if (map.is_null()) {
    map = json::object();
  }
  if (!map.is_object()) {
    return Fail(Code::kInvalidArgument, "what stands in the file before '" + Printable(path, 100) +
                                            "' is no map of fields");
  }
  const std::size_t first = std::min(path.find_first_of(".["), path.size());
  for (std::size_t end = first;; end = std::min(path.find_first_of(".[", end + 1), path.size())) {
    const auto member = map.find(path.substr(0, end));
    if (member != map.end()) {
      return Step{&*member, path.substr(end)};
    }
    if (end == path.size()) {
      break;
    }
  }
  if (first == 0) {
    return Fail(Code::kInvalidArgument, "the path has an empty part");
  }
  return Step{&map[std::string(path.substr(0, first))], path.substr(first)};
}

Result<Step> Into(const Step& at, bool is_root) {
  if (at.rest.front() == '[') {
    return IntoList(*at.node, at.rest);
  }
  const bool dot = at.rest.front() == '.' && !is_root;
  return IntoMap(*at.node, at.rest.substr(dot ? 1 : 0));
}

Status Put(json& document, std::string_view path, const json& value) {
  Step at{&document, path};
  while (!at.rest.empty()) {
    HONE_ASSIGN_OR_RETURN(at, Into(at, at.node == &document));
  }
  *at.node = value;
  return {};
}

}  // namespace

Overrides Overrides::Parse(std::span<const std::string> texts, Problems& problems) {
  Overrides overrides;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t equals = texts[i].find('=');
    if (equals == std::string::npos || equals == 0) {
      problems.Refuse(Place(i + 1),
                      "must be written as field.path=value, such as "
                      "spec.maxTrialCount=20, not '" +
                          Printable(texts[i], 100) + "'");
      continue;
    }
    const auto value = ParseYaml(std::string_view(texts[i]).substr(equals + 1));
    if (!value.has_value() || value->size() > 1) {
      problems.Refuse(Place(i + 1),
                      "the value is no YAML: " + (value.has_value() ? "it is more than one document"
                                                                    : value.error().message));
      continue;
    }
    const YamlDocument nothing{std::make_shared<const json>(), {}};
    overrides.list_.push_back(
        {i + 1, texts[i].substr(0, equals), value->empty() ? nothing : value->front()});
  }
  return overrides;
}

void Overrides::Apply(json& document, Problems& problems) const {
  for (const One& one : list_) {
    if (const Status put = Put(document, one.path, *one.value.value); !put.has_value()) {
      problems.Refuse(Place(one.number), Printable(one.path, 200) + ": " + put.error().message);
    }
  }
}

const Overrides::One* Overrides::Find(std::string_view path) const {
  for (const One& one : std::views::reverse(list_)) {
    if (IsUnder(path, one.path)) {
      return &one;
    }
  }
  return nullptr;
}

std::optional<std::string> Overrides::PlaceOf(std::string_view path) const {
  const One* const one = Find(path);
  return one == nullptr ? std::nullopt : std::optional(Place(one->number));
}

std::optional<std::string> Overrides::NearestPlaceOf(std::string_view path) const {
  for (const One& one : std::views::reverse(list_)) {
    if (IsUnder(path, one.path) || (!path.empty() && IsUnder(one.path, path))) {
      return Place(one.number);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Overrides::PlainText(std::string_view path) const {
  const One* const one = Find(path);
  return one == nullptr ? std::nullopt : one->value.source.PlainText(path.substr(one->path.size()));
}

}  // namespace hone
