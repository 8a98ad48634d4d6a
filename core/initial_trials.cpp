// SPDX-License-Identifier: Apache-2.0
#include "core/initial_trials.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "core/activation.h"
#include "core/given_value.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::size_t kMostEntries = 10'000;
constexpr std::size_t kShown = 60;

std::string PathOf(const Fields& entry) {
  std::string path = entry.Path("");
  path.pop_back();  // the dot
  return path;
}

/// Reads one entry after the other.
class EntryDecoder {
 public:
  explicit EntryDecoder(const Space& space) : space_(space) {
    for (const Parameter& parameter : space.parameters) {
      names_.push_back(parameter.name);
    }
  }

  void Decode(Fields& entry) {
    Assignment values;
    bool sound = KnowsAll(entry);
    for (const Parameter& parameter : space_.parameters) {
      if (!sound && parameter.active_when) {  // whether it is active cannot be said
        entry.Keep({parameter.name});
        values.push_back({"", false});
        continue;
      }
      std::optional<Value> value = ValueOf(entry, parameter, values);
      sound = sound && value;
      values.push_back(value.value_or(Value{MiddleValue(parameter.domain), true}));
    }
    if (sound && IsFeasible(entry, values) && IsNew(entry, values)) {
      trials_.push_back(std::move(values));
    }
  }

  std::vector<Assignment> Take() { return std::move(trials_); }

 private:
  bool KnowsAll(Fields& entry) {
    bool all = true;
    for (const auto& [name, value] : entry.object().items()) {
      if (std::ranges::find(names_, name) != names_.end()) {
        continue;
      }
      all = false;
      entry.Keep({name});
      const std::string_view near = Nearest(name, names_);
      entry.problems().Refuse(entry.Path(Printable(name, kShown)),
                              "there is no such parameter" +
                                  (near.empty() ? "; name one of spec.parameters"
                                                : ", did you mean " + std::string(near) + "?"));
    }
    return all;
  }

  std::optional<Value> ValueOf(Fields& entry, const Parameter& parameter,
                               const Assignment& before) {
    const bool given = entry.Has(parameter.name);
    if (!IsActive(space_, parameter, before)) {
      if (given) {
        entry.problems().Refuse(entry.Path(parameter.name),
                                "is inactive beside the other values, by its activeWhen; remove "
                                "it here");
        return std::nullopt;
      }
      return Value{parameter.inactive_value.value_or(""), false};
    }
    if (!given) {
      return Value{MiddleValue(parameter.domain), true};
    }
    const std::optional<std::string> text = entry.Text(parameter.name);
    if (!text) {
      return std::nullopt;
    }
    Result<std::string> value = GivenValue(parameter.domain, *text);
    if (!value.has_value()) {
      entry.problems().Refuse(entry.Path(parameter.name), value.error().message);
      return std::nullopt;
    }
    return Value{std::move(*value), true};
  }

  bool IsFeasible(Fields& entry, const Assignment& values) {
    for (std::size_t i = 0; i < space_.constraints.size(); ++i) {
      if (!Space{space_.parameters, {space_.constraints[i]}}.Feasible(values)) {
        entry.problems().Refuse(PathOf(entry), "does not satisfy spec.constraints[" +
                                                   std::to_string(i) +
                                                   "], with what it leaves out put in; change it");
        return false;
      }
    }
    return true;
  }

  bool IsNew(Fields& entry, const Assignment& values) {
    std::vector<std::string> key;
    for (const Value& value : values) {
      key.push_back(value.text);
    }
    const auto [first, added] = first_.emplace(std::move(key), PathOf(entry));
    if (!added) {
      entry.problems().Refuse(PathOf(entry), "is the same as " + first->second +
                                                 ", with what it leaves out put in; remove it");
    }
    return added;
  }

  const Space& space_;
  std::vector<std::string_view> names_;
  std::map<std::vector<std::string>, std::string> first_;
  std::vector<Assignment> trials_;
};

}  // namespace

std::vector<Assignment> DecodeInitialTrials(Fields& spec, const Space& space) {
  if (!spec.Has("initialTrials")) {
    return {};
  }
  Problems of_space;
  CheckSpace(space, "", of_space);
  if (space.parameters.empty() || of_space.HasErrors() ||
      spec.problems().HasErrorsAt(spec.Path("parameters"))) {
    // Told of the space itself, unless there is none to have.
    spec.Keep({"initialTrials"});
    if (spec.Has("nasConfig")) {
      spec.problems().Refuse(spec.Path("initialTrials"),
                             "has no meaning for an architecture search; remove it");
    }
    return {};
  }
  const json& list = spec.object()["initialTrials"];
  if (list.is_array() && list.size() > kMostEntries) {
    spec.problems().Refuse(spec.Path("initialTrials"),
                           "must not have more than " + std::to_string(kMostEntries) + " entries");
    return {};
  }
  EntryDecoder decoder(space);
  spec.ForEach("initialTrials", [&decoder](Fields& entry) { decoder.Decode(entry); });
  return decoder.Take();
}

std::vector<Assignment> InitialTrials(const ExperimentSpec& spec) {
  json document = json::parse(spec.document, nullptr, false);
  if (!document.is_object() || !document["spec"].is_object()) {
    return {};
  }
  Problems told_when_decoded;
  const SourceText no_source;
  DecodeContext context{no_source, told_when_decoded};
  Fields body(document["spec"], "spec", context);
  return DecodeInitialTrials(body, spec.space);
}

}  // namespace hone
