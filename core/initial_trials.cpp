// SPDX-License-Identifier: Apache-2.0
#include "core/initial_trials.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/activation.h"
#include "core/earlier.h"
#include "core/given_value.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::size_t kMostEntries = 10'000;
constexpr int kMostWarm = 1000;

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

  void Decode(Fields& entry, const std::string& note, bool warm) {
    std::optional<Assignment> values = Read(entry);
    if (values && IsNew(entry, *values)) {
      trials_.push_back({std::move(*values), note, warm});
    }
  }

  /// Of one entry that may be there already. @returns nothing: its problems are told
  std::optional<Assignment> Read(Fields& entry) {
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
    return sound && IsFeasible(entry, values) ? std::optional(std::move(values)) : std::nullopt;
  }

  void DecodeAll(Fields& holder, std::string_view key, const std::function<void(Fields&)>& each) {
    const json& list = holder.object()[std::string(key)];
    if (list.is_array() && list.size() > kMostEntries) {
      holder.problems().Refuse(
          holder.Path(key), "must not have more than " + std::to_string(kMostEntries) + " entries");
      return;
    }
    holder.ForEach(key, each);
  }

  std::vector<InitialTrial> Take() { return std::move(trials_); }

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
      entry.problems().Refuse(entry.Path(Printable(name)),
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
  std::vector<InitialTrial> trials_;
};

/// Whether there is a sound space to read entries for; if not, that is told elsewhere.
bool CanRead(Fields& spec, const Space& space) {
  Problems of_space;
  CheckSpace(space, "", of_space);
  return !space.parameters.empty() && !of_space.HasErrors() &&
         !spec.problems().HasErrorsAt(spec.Path("parameters"));
}

/// Told of the space itself, unless there is none to have.
void SetAside(Fields& spec, std::string_view key) {
  if (!spec.Has(key)) {
    return;
  }
  spec.Keep({key});
  if (spec.Has("nasConfig")) {
    spec.problems().Refuse(spec.Path(key), "has no meaning for an architecture search; remove it");
  }
}

WarmStart DecodeWarmStart(Fields& fields) {
  WarmStart warm_start;
  warm_start.experiments = fields.Texts("experiments");
  warm_start.best = fields.Count("best").value_or(warm_start.best);
  if (warm_start.experiments.empty() &&
      !fields.problems().HasErrorsAt(fields.Path("experiments"))) {
    fields.problems().Refuse(fields.Path("experiments"), "name at least one earlier experiment");
  }
  if (warm_start.best < 0 || warm_start.best > kMostWarm) {
    fields.problems().Refuse(fields.Path("best"), "must be from 0 to " + std::to_string(kMostWarm));
  }
  if (!fields.Flag("learn").value_or(false) && warm_start.best == 0) {
    fields.problems().Refuse(fields.Path("best"), "0 takes nothing without learn: true");
  }
  return warm_start;
}

void DecodeWarmTrials(Fields& warm_start, EntryDecoder& decoder) {
  decoder.DecodeAll(warm_start, "trials", [&decoder](Fields& item) {
    const std::string trial = item.RequiredText("trial", "name the trial that it was");
    if (std::optional<Fields> values = item.Object("values")) {
      decoder.Decode(*values, "taken by warmStart from the trial " + trial, true);
    }
    item.Finish();
  });
}

EarlierTask DecodeEarlierTask(Fields& item, EntryDecoder& decoder) {
  EarlierTask task;
  task.experiment = item.RequiredText("experiment", "name the experiment that it was");
  decoder.DecodeAll(item, "trials", [&](Fields& trial) {
    const std::optional<double> loss = trial.Number("loss");
    if (!loss && !trial.problems().HasErrorsAt(trial.Path("loss"))) {
      trial.problems().Refuse(trial.Path("loss"), "is required");
    }
    std::optional<Assignment> values;
    if (std::optional<Fields> entry = trial.Object("values")) {
      values = decoder.Read(*entry);
    }
    if (values && loss) {
      task.results.push_back({std::move(*values), *loss});
    }
    trial.Finish();
  });
  item.Finish();
  return task;
}

std::vector<EarlierTask> DecodeEarlierTasks(Fields& warm_start, EntryDecoder& decoder) {
  std::vector<EarlierTask> tasks;
  warm_start.ForEach("results", [&](Fields& item) {
    if (EarlierTask task = DecodeEarlierTask(item, decoder); !task.results.empty()) {
      tasks.push_back(std::move(task));
    }
  });
  return tasks;
}

}  // namespace

std::vector<InitialTrial> DecodeInitialTrials(Fields& spec, ExperimentSpec& decoded) {
  static constexpr char kInitial[] = "initialTrials";
  static constexpr char kWarm[] = "warmStart";
  if (!CanRead(spec, decoded.space)) {
    SetAside(spec, kInitial);
    SetAside(spec, kWarm);
    return {};
  }
  EntryDecoder decoder(decoded.space);
  if (spec.Has(kInitial)) {
    std::size_t index = 0;
    decoder.DecodeAll(spec, kInitial, [&](Fields& entry) {
      decoder.Decode(entry, "given by initialTrials[" + std::to_string(index++) + "]", false);
    });
  }
  if (std::optional<Fields> warm_start = spec.Object(kWarm)) {
    decoded.warm_start = DecodeWarmStart(*warm_start);
    if (warm_start->Has("trials")) {
      decoded.warm_start->taken = true;
      DecodeWarmTrials(*warm_start, decoder);
    }
    if (warm_start->Has("results")) {
      (void)DecodeEarlierTasks(*warm_start, decoder);  // checked here, taken by EarlierTasks
    }
    warm_start->Finish();
  }
  return decoder.Take();
}

std::optional<Assignment> CompleteEntry(const Space& space, json entry) {
  Problems problems;
  const SourceText no_source;
  DecodeContext context{no_source, problems};
  Fields fields(entry, "entry", context);
  EntryDecoder decoder(space);
  decoder.Decode(fields, "", false);
  std::vector<InitialTrial> trials = decoder.Take();
  return trials.empty() ? std::nullopt : std::optional(std::move(trials.front().values));
}

std::vector<EarlierTask> EarlierTasks(const ExperimentSpec& spec) {
  json document = ParseJson(spec.document);
  const json::json_pointer at("/spec/warmStart/results");
  if (!document.is_object() || !document.contains(at)) {
    return {};
  }
  Problems told_when_decoded;
  const SourceText no_source;
  DecodeContext context{no_source, told_when_decoded};
  Fields warm_start(document["spec"]["warmStart"], "spec.warmStart", context);
  EntryDecoder decoder(spec.space);
  return DecodeEarlierTasks(warm_start, decoder);
}

std::vector<InitialTrial> InitialTrials(const ExperimentSpec& spec) {
  json document = ParseJson(spec.document);
  if (!document.is_object() || !document["spec"].is_object()) {
    return {};
  }
  Problems told_when_decoded;
  const SourceText no_source;
  DecodeContext context{no_source, told_when_decoded};
  Fields body(document["spec"], "spec", context);
  ExperimentSpec copy;
  copy.space = spec.space;
  return DecodeInitialTrials(body, copy);
}

}  // namespace hone
