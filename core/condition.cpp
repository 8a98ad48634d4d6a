// SPDX-License-Identifier: Apache-2.0
// Reading a path is condition_parse.cpp; here it is followed.
#include "core/condition.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "core/condition_path.h"

namespace hone {
namespace {

using condition::Comparison;
using condition::Path;
using condition::Query;
using condition::Step;
using nlohmann::json;

// More values on the way than a job object ever has; a path that multiplies them is stopped here.
constexpr int kMaxValues = 100'000;

/// What a path has found: a value of the document, or a list or count that was made on the way.
struct Found {
  using List = std::shared_ptr<const std::vector<Found>>;  // lists in lists are not copied
  std::variant<std::monostate, const json*, List, std::size_t> what;

  [[nodiscard]] bool Exists() const { return !std::holds_alternative<std::monostate>(what); }
};

/// The elements, if it is an array of either kind.
std::optional<std::vector<Found>> ElementsOf(const Found& found) {
  if (const auto* list = std::get_if<Found::List>(&found.what)) {
    return **list;
  }
  const auto* value = std::get_if<const json*>(&found.what);
  if (value == nullptr || !(*value)->is_array()) {
    return std::nullopt;
  }
  std::vector<Found> elements;
  elements.reserve((*value)->size());
  for (const json& element : **value) {
    elements.push_back({&element});
  }
  return elements;
}

Found ListOf(std::vector<Found> elements) {
  return {std::make_shared<const std::vector<Found>>(std::move(elements))};
}

/// Texts with `*` for any number of characters and `?` for one.
bool Like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::optional<std::size_t> star;  // where the last * stands, and where its text began
  std::size_t from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star) {
      p = *star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

template <class T>
bool Compare(const T& a, Comparison op, const T& b) {
  switch (op) {
    case Comparison::kEqual:
      return a == b;
    case Comparison::kNotEqual:
      return a != b;
    case Comparison::kLess:
      return a < b;
    case Comparison::kLessOrEqual:
      return a <= b;
    case Comparison::kGreater:
      return a > b;
    case Comparison::kGreaterOrEqual:
      return a >= b;
    case Comparison::kExists:
    case Comparison::kLike:
    case Comparison::kUnlike:
      return false;
  }
  return false;
}

bool MatchesText(const std::string& text, const Query& query) {
  if (query.op == Comparison::kLike || query.op == Comparison::kUnlike) {
    return Like(text, query.literal) == (query.op == Comparison::kLike);
  }
  return Compare(text, query.op, query.literal);
}

/// false < true; a literal that is neither word differs from both.
bool MatchesFlag(bool flag, const Query& query) {
  if (query.literal != "true" && query.literal != "false") {
    return query.op == Comparison::kNotEqual;
  }
  return Compare(static_cast<int>(flag), query.op, query.literal == "true" ? 1 : 0);
}

/// GJSON takes the literal as a number, whether in quotes or not; one that is none counts as 0.
bool MatchesNumber(double number, const Query& query) {
  return Compare(number, query.op, ParseDouble(query.literal).value_or(0.0));
}

bool Matches(const Found& found, const Query& query) {
  if (!found.Exists() || query.op == Comparison::kExists) {
    return found.Exists();
  }
  if (const auto* count = std::get_if<std::size_t>(&found.what)) {
    return MatchesNumber(static_cast<double>(*count), query);
  }
  const auto* value = std::get_if<const json*>(&found.what);
  if (value == nullptr) {
    return false;  // objects, arrays and null match nothing but their existence
  }
  const json& v = **value;
  if (v.is_string()) {
    return MatchesText(v.get_ref<const std::string&>(), query);
  }
  if (v.is_boolean()) {
    return MatchesFlag(v.get<bool>(), query);
  }
  return v.is_number() && MatchesNumber(v.get<double>(), query);
}

/// Follows paths, and counts what it meets.
class Walk {
 public:
  Found Follow(const Found& from, const Path& path) { return Steps(from, path, 0); }
  [[nodiscard]] bool TooMuch() const { return met_ > kMaxValues; }

 private:
  bool Meet(std::size_t count) {
    met_ += static_cast<int>(std::min<std::size_t>(count, kMaxValues));
    return !TooMuch();
  }

  Found Steps(const Found& from, const Path& path, std::size_t at);
  Found Apply(const Found& from, const Step& step);
  Found Each(const std::vector<Found>& elements, const Path& path, std::size_t at);
  std::vector<Found> All(const std::vector<Found>& elements, const Query& query);
  Found First(const std::vector<Found>& elements, const Query& query);
  Found Together(const Found& from, const std::vector<Path>& paths);

  int met_ = 0;
};

Found KeyOf(const Found& from, const std::string& key) {
  const auto* value = std::get_if<const json*>(&from.what);
  if (value != nullptr && (*value)->is_object()) {
    const auto found = (*value)->find(key);
    return found == (*value)->end() ? Found{} : Found{&*found};
  }
  const auto index = ParseInt(key);
  if (!index || *index < 0) {
    return {};
  }
  const auto elements = ElementsOf(from);
  const auto i = static_cast<std::size_t>(*index);
  return elements && i < elements->size() ? (*elements)[i] : Found{};
}

std::vector<Found> Walk::All(const std::vector<Found>& elements, const Query& query) {
  std::vector<Found> matching;
  for (const Found& element : elements) {
    if (Meet(1) && Matches(Follow(element, query.key), query)) {
      matching.push_back(element);
    }
  }
  return matching;
}

Found Walk::First(const std::vector<Found>& elements, const Query& query) {
  for (const Found& element : elements) {
    if (Meet(1) && Matches(Follow(element, query.key), query)) {
      return element;
    }
  }
  return {};
}

Found Walk::Together(const Found& from, const std::vector<Path>& paths) {
  std::vector<Found> list;
  for (const Path& path : paths) {
    if (Found found = Follow(from, path); Meet(1) && found.Exists()) {
      list.push_back(std::move(found));
    }
  }
  return ListOf(std::move(list));
}

Found Walk::Apply(const Found& from, const Step& step) {
  switch (step.kind) {
    case Step::Kind::kThis:
      return from;
    case Step::Kind::kKey:
      return KeyOf(from, step.key);
    case Step::Kind::kTogether:
      return Together(from, step.paths);
    case Step::Kind::kEach:
    case Step::Kind::kFirst:
    case Step::Kind::kAll:
      break;
  }
  const auto elements = ElementsOf(from);
  if (!elements || !Meet(elements->size())) {
    return {};
  }
  if (step.kind == Step::Kind::kEach) {
    return {elements->size()};
  }
  return step.kind == Step::Kind::kAll ? ListOf(All(*elements, *step.query))
                                       : First(*elements, *step.query);
}

/// The steps from `at` up to the next `|`, within each element.
Found Walk::Each(const std::vector<Found>& elements, const Path& path, std::size_t at) {
  Path within;
  while (at < path.steps.size() && !path.steps[at].piped) {
    within.steps.push_back(path.steps[at++]);
  }
  std::vector<Found> list;
  for (const Found& element : elements) {
    if (Found found = Follow(element, within); Meet(1) && found.Exists()) {
      list.push_back(std::move(found));
    }
  }
  return Steps(ListOf(std::move(list)), path, at);
}

Found Walk::Steps(const Found& from, const Path& path, std::size_t at) {
  Found here = from;
  for (; at < path.steps.size() && here.Exists() && !TooMuch(); ++at) {
    const Step& step = path.steps[at];
    const bool within = at + 1 < path.steps.size() && !path.steps[at + 1].piped;
    if (within && (step.kind == Step::Kind::kEach || step.kind == Step::Kind::kAll)) {
      const auto elements = ElementsOf(step.kind == Step::Kind::kEach ? here : Apply(here, step));
      return elements ? Each(*elements, path, at + 1) : Found{};
    }
    here = Apply(here, step);
  }
  return here;
}

tl::unexpected<Error> TooMuch() {
  return Fail(Code::kResourceExhausted,
              "the condition looks at more than " + std::to_string(kMaxValues) + " values");
}

/// @param values  counted down for each value of a list
Result<json> ToJson(const Found& found, int& values) {
  if (const auto* value = std::get_if<const json*>(&found.what)) {
    return **value;
  }
  if (const auto* count = std::get_if<std::size_t>(&found.what)) {
    return json(*count);
  }
  json list = json::array();
  for (const Found& element : *std::get<Found::List>(found.what)) {
    if (--values < 0) {
      return TooMuch();
    }
    HONE_ASSIGN_OR_RETURN(json one, ToJson(element, values));
    list.push_back(std::move(one));
  }
  return list;
}

Result<Found> Follow(const Path& path, const json& job) {
  Walk walk;
  Found found = walk.Follow({&job}, path);
  return walk.TooMuch() ? Result<Found>(TooMuch()) : found;
}

}  // namespace

struct Condition::Path : condition::Path {};

Result<Condition> Condition::Parse(std::string_view text) {
  HONE_ASSIGN_OR_RETURN(condition::Path path, condition::ParsePath(text));
  return Condition(std::make_shared<const Path>(Path{std::move(path)}));
}

Result<bool> Condition::Holds(const json& job) const {
  HONE_ASSIGN_OR_RETURN(const Found found, Follow(*path_, job));
  if (const auto* value = std::get_if<const json*>(&found.what)) {
    return !(*value)->is_null() && !((*value)->is_array() && (*value)->empty());
  }
  const auto* list = std::get_if<Found::List>(&found.what);
  return found.Exists() && (list == nullptr || !(*list)->empty());
}

Result<std::string> Condition::Find(const json& job) const {
  HONE_ASSIGN_OR_RETURN(const Found found, Follow(*path_, job));
  if (!found.Exists()) {
    return std::string();
  }
  int values = kMaxValues;
  HONE_ASSIGN_OR_RETURN(const json made, ToJson(found, values));
  return DumpJson(made);
}

}  // namespace hone
