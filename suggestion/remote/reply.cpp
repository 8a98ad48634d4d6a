// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/reply.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "suggestion/remote/tag.h"

namespace hone::remote {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestName = 63;     // of a Kubernetes label, which trials' names become
constexpr std::size_t kLongestValue = 4096;  // bytes of a label or its value
constexpr std::size_t kLongestTag = 4096;    // bytes, as of every tag
constexpr std::size_t kMostLabels = 64;

tl::unexpected<Error> Lie(std::string message) {
  return Fail(Code::kUnavailable, std::move(message));
}

/// A member that is of the wanted kind; proto3's JSON leaves out what is empty.
const json& Member(const json& object, const char* key, json::value_t kind) {
  static const json kNoList = json::array();
  static const json kNoObject = json::object();
  static const json kNoText = "";
  const auto at = object.is_object() ? object.find(key) : object.end();
  if (object.is_object() && at != object.end() && at->type() == kind) {
    return *at;
  }
  if (kind == json::value_t::array) {
    return kNoList;
  }
  return kind == json::value_t::object ? kNoObject : kNoText;
}

std::string Text(const json& object, const char* key) {
  return Member(object, key, json::value_t::string).get<std::string>();
}

Result<Assignment> ReadValues(const Space& space, const json& assignments) {
  Assignment values(space.parameters.size());
  std::vector<bool> given(values.size());
  for (const json& item : assignments) {
    const std::string name = Text(item, "name");
    const auto place = space.Find(name);
    if (!place) {
      return Lie("has " + Quoted(name) + ", which is no parameter of the experiment");
    }
    if (given[*place]) {
      return Lie("has parameter " + name + " twice");
    }
    std::string text = Text(item, "value");
    const Status status = CheckValue(space.parameters[*place].domain, text);
    if (!status) {
      return Lie("parameter " + name + ": " + status.error().message);
    }
    given[*place] = true;
    values[*place].text = std::move(text);
  }
  const auto missing = std::ranges::find(given, false);
  if (missing != given.end()) {
    return Lie("lacks parameter " +
               space.parameters[static_cast<std::size_t>(missing - given.begin())].name);
  }
  return values;
}

bool IsLabel(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, allowed) &&
         text.front() != '-' && text.back() != '-';
}

Result<std::map<std::string, std::string>> ReadLabels(const json& labels) {
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : labels.items()) {
    if (result.size() == kMostLabels || key.size() > kLongestValue || !value.is_string() ||
        value.get_ref<const std::string&>().size() > kLongestValue) {
      return Lie("has more labels, or longer ones, than can be kept");
    }
    result[key] = value.get<std::string>();
  }
  return result;
}

/// The proposals of one reply, one after the other.
class Reader {
 public:
  explicit Reader(const Expected& expected) : expected_(expected) {}

  Result<proposal::Start> Read(const json& item) {
    proposal::Start start;
    HONE_ASSIGN_OR_RETURN(start.values, ReadValues(expected_.space, Member(item, "assignments",
                                                                           json::value_t::array)));
    start.name = Text(item, "trialName");
    if (!start.name.empty() && !IsLabel(start.name)) {
      return Lie("names its trial " + Quoted(start.name) +
                 "; lower-case letters, digits and '-' are allowed, at most 63");
    }
    if (!start.name.empty() &&
        (expected_.names.contains(start.name) || !names_.insert(start.name).second)) {
      return Lie("names its trial " + Quoted(start.name) + ", as another trial is named");
    }
    HONE_ASSIGN_OR_RETURN(start.labels, ReadLabels(Member(item, "labels", json::value_t::object)));
    return start;
  }

 private:
  const Expected& expected_;
  std::set<std::string> names_;  // of this reply
};

/// What the service remembers with this reply, by Katib's rule.
std::vector<Setting> ReadSettings(const json& reply, const std::vector<Setting>& before) {
  std::vector<Setting> newer;
  const json& algorithm = Member(reply, "algorithm", json::value_t::object);
  for (const json& item : Member(algorithm, "algorithmSettings", json::value_t::array)) {
    newer.push_back({Text(item, "name"), Text(item, "value")});
  }
  return Merged(before, newer);
}

}  // namespace

Result<std::vector<Proposal>> ReadReply(std::string_view text, const Expected& expected) {
  const json reply = ParseJson(text);
  if (!reply.is_object()) {
    return Lie("its reply cannot be read");
  }
  const json& items = Member(reply, "parameterAssignments", json::value_t::array);
  if (items.size() != expected.count) {
    return Lie("gave " + std::to_string(items.size()) + " suggestions, " +
               std::to_string(expected.count) + " were asked for");
  }
  Tag tag{.started = expected.now, .settings = ReadSettings(reply, expected.settings)};
  Reader reader(expected);
  std::vector<Proposal> proposals;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto start = reader.Read(items[i]);
    if (!start) {
      return Lie("suggestion " + std::to_string(i + 1) + " of " + std::to_string(items.size()) +
                 " " + start.error().message);
    }
    tag.name = start->name;
    start->tag = MakeTag(tag);
    if (start->tag.size() > kLongestTag) {
      return Lie("wants more settings remembered (" + std::to_string(start->tag.size()) +
                 " bytes) than can be kept (4096)");
    }
    proposals.emplace_back(*std::move(start));
  }
  return proposals;
}

/// Katib's rule: a setting of that name is replaced in its place, a new one comes last.
std::vector<Setting> Merged(std::vector<Setting> settings, const std::vector<Setting>& newer) {
  for (const Setting& setting : newer) {
    const auto at = std::ranges::find(settings, setting.name, &Setting::name);
    if (at == settings.end()) {
      settings.push_back(setting);
    } else {
      at->value = setting.value;
    }
  }
  return settings;
}

}  // namespace hone::remote
