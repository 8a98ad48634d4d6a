// SPDX-License-Identifier: Apache-2.0
#include "core/spec_fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace hone {

using nlohmann::json;

namespace {

std::string Describe(const json& value) {
  if (value.is_object()) {
    return "an object";
  }
  if (value.is_array()) {
    return "a list";
  }
  if (value.is_string()) {
    return "the text " + Quoted(value.get_ref<const std::string&>());
  }
  return Printable(DumpJson(value));
}

std::string ItemPath(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

}  // namespace

Fields::Fields(json& object, std::string path, DecodeContext& context)
    : object_(&object), path_(std::move(path)), context_(&context) {
  for (auto it = object.begin(); it != object.end();) {
    it = it->is_null() ? object.erase(it) : std::next(it);
  }
}

std::string Fields::Path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

json* Fields::Find(std::string_view key) {
  known_.push_back(key);
  const auto found = object_->find(std::string(key));
  return found == object_->end() ? nullptr : &*found;
}

bool Fields::Has(std::string_view key) {
  return Find(key) != nullptr;
}

void Fields::Mistyped(std::string_view key, std::string_view wanted) {
  problems().Refuse(Path(key), "must be " + std::string(wanted) + ", not " +
                                   Describe(object_->at(std::string(key))));
}

std::optional<std::string> Fields::TextOf(json& value, const std::string& path) const {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (!value.is_number() && !value.is_boolean()) {
    problems().Refuse(path, value.is_null()
                                ? "is null; put it in quotes if the word itself is meant"
                                : "must be a text, not " + Describe(value));
    return std::nullopt;
  }
  std::optional<std::string> source;
  if (context_->source_text) {
    source = context_->source_text(path);
  }
  std::string text = value.is_number_float() ? FormatDouble(value.get<double>()) : DumpJson(value);
  if (source) {
    text = std::move(*source);
  }
  value = text;
  return text;
}

std::optional<std::string> Fields::Text(std::string_view key) {
  json* value = Find(key);
  return value == nullptr ? std::nullopt : TextOf(*value, Path(key));
}

std::optional<std::int64_t> Fields::Integer(std::string_view key) {
  const json* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() ||
                     value->get<std::uint64_t>() <=
                         static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (!fits) {
    Mistyped(key, "a whole number without quotes");
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

std::optional<int> Fields::Count(std::string_view key) {
  const std::optional<std::int64_t> value = Integer(key);
  if (!value) {
    return std::nullopt;
  }
  if (*value > std::numeric_limits<std::int32_t>::max() ||
      *value < std::numeric_limits<std::int32_t>::min()) {
    problems().Refuse(Path(key), "must fit in 32 bits (it is " + std::to_string(*value) + ")");
    return std::nullopt;
  }
  return static_cast<int>(*value);
}

std::optional<double> Fields::Number(std::string_view key) {
  const json* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number() || !std::isfinite(value->get<double>())) {
    Mistyped(key, "a finite number without quotes");
    return std::nullopt;
  }
  return value->get<double>();
}

std::optional<bool> Fields::Flag(std::string_view key) {
  const json* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_boolean()) {
    Mistyped(key, "true or false");
    return std::nullopt;
  }
  return value->get<bool>();
}

std::optional<Fields> Fields::Object(std::string_view key) {
  json* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_object()) {
    Mistyped(key, "an object");
    return std::nullopt;
  }
  return Fields(*value, Path(key), *context_);
}

std::vector<std::string> Fields::Texts(std::string_view key) {
  std::vector<std::string> texts;
  json* list = Find(key);
  if (list == nullptr) {
    return texts;
  }
  if (!list->is_array()) {
    Mistyped(key, "a list of texts");
    return texts;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (auto text = TextOf((*list)[i], ItemPath(Path(key), i))) {
      texts.push_back(std::move(*text));
    }
  }
  return texts;
}

std::vector<int> Fields::Counts(std::string_view key) {
  std::vector<int> counts;
  const json* list = Find(key);
  if (list == nullptr) {
    return counts;
  }
  if (!list->is_array()) {
    Mistyped(key, "a list of whole numbers");
    return counts;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json& item = (*list)[i];
    const bool fits = item.is_number_integer() && item.get<double>() >= 1 &&
                      item.get<double>() <= std::numeric_limits<std::int32_t>::max();
    if (fits) {
      counts.push_back(item.get<int>());
    } else {
      problems().Refuse(ItemPath(Path(key), i),
                        "must be a whole number > 0 without quotes, not " + Describe(item));
    }
  }
  return counts;
}

std::vector<std::pair<std::string, std::string>> Fields::TextMap(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> entries;
  std::optional<Fields> map = Object(key);
  if (!map) {
    return entries;
  }
  for (auto& [name, value] : map->object().items()) {
    if (auto text = TextOf(value, map->Path(name))) {
      entries.emplace_back(name, std::move(*text));
    }
  }
  return entries;
}

std::string Fields::RequiredText(std::string_view key, std::string_view what_to_do) {
  if (!Has(key)) {
    problems().Refuse(Path(key), "is required; " + std::string(what_to_do));
    return {};
  }
  const std::optional<std::string> text = Text(key);
  if (text && Trim(*text).empty()) {
    problems().Refuse(Path(key), "is empty; " + std::string(what_to_do));
    return {};
  }
  return text.value_or("");
}

std::optional<std::size_t> Fields::Word(std::string_view key,
                                        std::span<const std::string_view> words) {
  const std::optional<std::string> text = Text(key);
  if (!text || text->empty()) {
    return std::nullopt;
  }
  const auto found = std::ranges::find(words, *text);
  if (found != words.end()) {
    return static_cast<std::size_t>(found - words.begin());
  }
  std::string message = "must be one of ";
  for (std::size_t i = 0; i < words.size(); ++i) {
    message += (i == 0 ? "" : ", ") + std::string(words[i]);
  }
  message += "; " + Quoted(*text) + " is unknown";
  if (const std::string_view near = Nearest(*text, words); !near.empty()) {
    message += ", did you mean " + std::string(near) + "?";
  }
  problems().Refuse(Path(key), message);
  return std::nullopt;
}

bool Fields::ForEach(std::string_view key, const std::function<void(Fields&)>& each) {
  json* list = Find(key);
  if (list == nullptr) {
    return false;
  }
  if (!list->is_array()) {
    Mistyped(key, "a list");
    return true;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    json& item = (*list)[i];
    const std::string path = ItemPath(Path(key), i);
    if (!item.is_object()) {
      problems().Refuse(path, "must be an object, not " + Describe(item));
      continue;
    }
    Fields fields(item, path, *context_);
    each(fields);
    fields.Finish();
  }
  return true;
}

void Fields::Keep(std::initializer_list<std::string_view> keys) {
  known_.insert(known_.end(), keys.begin(), keys.end());
}

void Fields::NotYet(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (Has(key)) {
      problems().Refuse(Path(key), "is not supported by this version of hone; remove it");
    }
  }
}

void Fields::Finish() {
  for (const auto& [name, value] : object_->items()) {
    if (std::ranges::find(known_, name) != known_.end()) {
      continue;
    }
    std::string message = std::string(kUnknownField) + "; it is ignored";
    if (const std::string_view near = Nearest(name, known_); !near.empty()) {
      message += ", did you mean " + std::string(near) + "?";
    }
    problems().Warn(Path(Printable(name)), message);
  }
}

}  // namespace hone
