// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/trial_book.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "api/proto/katib_v1beta1.pb.h"
#include "base/text.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;

Timestamp TimeOr(const std::string& text, Timestamp otherwise) {
  if (text.empty()) {
    return otherwise;
  }
  return ParseTimestamp(text).value_or(otherwise);
}

std::optional<double> ObjectiveIn(const ExperimentSpec& spec, const pb::TrialStatus& status) {
  for (const pb::Metric& metric : status.observation().metrics()) {
    if (metric.name() == spec.objective.metric) {
      const std::optional<double> value = ParseDouble(Trim(metric.value()));
      const double sign = spec.objective.direction == Direction::kMinimize ? 1.0 : -1.0;
      return value ? std::optional(sign * *value) : std::nullopt;
    }
  }
  return std::nullopt;
}

Lesson SuccessOf(const KnownTrial& known, std::optional<double> value) {
  if (!value) {
    return history::Lost{};
  }
  if (!std::isfinite(*value)) {
    return history::Infeasible{0, EndingKind::kMetricNotANumber};
  }
  const bool timed = known.started != Timestamp::max();
  return history::Completed{0,
                            {*value},
                            timed ? known.ended - known.started : Duration{},
                            known.lineage ? std::optional(known.name) : std::nullopt};
}

std::optional<Lesson> EndingOf(const KnownTrial& known, const pb::TrialStatus& status,
                               std::optional<double> value) {
  switch (status.condition()) {
    case pb::TrialStatus::SUCCEEDED:
      return SuccessOf(known, value);
    case pb::TrialStatus::EARLYSTOPPED:
      return history::StoppedEarly{
          0, value && std::isfinite(*value) ? std::vector{*value} : std::vector<double>()};
    case pb::TrialStatus::FAILED:
      return history::Infeasible{0, EndingKind::kExitCode};
    case pb::TrialStatus::KILLED:
    case pb::TrialStatus::METRICSUNAVAILABLE:
      return history::Lost{};
    default:
      return std::nullopt;
  }
}

}  // namespace

/// Reads one trial.
class TrialBook::Reader {
 public:
  explicit Reader(const ExperimentSpec& spec) : spec_(spec) {
    for (std::size_t i = 0; i < spec.space.parameters.size(); ++i) {
      places_.emplace(spec.space.parameters[i].name, i);
    }
  }

  /// Nothing: it does not fit the space, or has no name.
  [[nodiscard]] std::optional<KnownTrial> Read(const pb::Trial& trial) const {
    std::optional<Assignment> values = ValuesOf(trial.spec());
    if (!values || trial.name().empty()) {
      return std::nullopt;
    }
    KnownTrial known{.name = trial.name(),
                     .values = *std::move(values),
                     .lineage = ParseLineage(spec_.name, trial.name()),
                     .started = TimeOr(trial.status().start_time(), Timestamp::max()),
                     .ended = {},
                     .ending = std::nullopt};
    known.ended = std::max(known.started, TimeOr(trial.status().completion_time(), known.started));
    known.ending = EndingOf(known, trial.status(), ObjectiveIn(spec_, trial.status()));
    return known;
  }

 private:
  /// In the order of the space. Nothing if one is missing, given twice or outside. Names that are
  /// no parameters are ignored.
  [[nodiscard]] std::optional<Assignment> ValuesOf(const pb::TrialSpec& trial) const {
    Assignment values(spec_.space.parameters.size());
    std::vector<bool> given(values.size());
    for (const pb::ParameterAssignment& item : trial.parameter_assignments().assignments()) {
      const auto place = places_.find(item.name());
      if (place == places_.end()) {
        continue;
      }
      if (given[place->second] ||
          !CheckValue(spec_.space.parameters[place->second].domain, item.value())) {
        return std::nullopt;
      }
      given[place->second] = true;
      values[place->second].text = item.value();
    }
    return std::ranges::count(given, false) == 0 ? std::optional(std::move(values)) : std::nullopt;
  }

  const ExperimentSpec& spec_;
  std::unordered_map<std::string_view, std::size_t> places_;
};

struct TrialBook::Text {
  std::string_view bytes;
  std::optional<KnownTrial> known;
  ByText<Name>::value_type* name = nullptr;  // of a known one
  std::uint64_t id = 0;
  std::uint64_t told = 0;  // the last request that had it
  std::uint64_t used = 0;  // ... and counted it
  std::size_t place = 0;   // in last_
  TrialNumber number = 0;  // if it was used
};

TrialBook::TrialBook(const ExperimentSpec& spec)
    : spec_(spec), reader_(std::make_unique<Reader>(spec)) {}
TrialBook::~TrialBook() = default;

Result<TrialBook::Text*> TrialBook::Learn(std::string_view bytes) {
  pb::Trial trial;
  if (!trial.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Fail(Code::kInvalidArgument, "the request is no such message");
  }
  auto text = std::make_unique<Text>();
  text->known = reader_->Read(trial);
  text->id = ++texts_read_;
  if (text->known) {
    text->name = &*names_.try_emplace(text->known->name).first;
    ++text->name->second.texts;
  }
  const auto [at, is_new] = texts_.emplace(std::string(bytes), std::move(text));
  at->second->bytes = at->first;
  return at->second.get();
}

/// @param next  where in last_ this trial is if all is as it was; the next one's after this
Result<TrialBook::Text*> TrialBook::Find(std::string_view bytes, std::size_t& next) {
  if (next < last_.size() && last_[next]->bytes == bytes) {
    return last_[next++];
  }
  if (const auto known = texts_.find(bytes); known != texts_.end()) {
    next = known->second->place + 1;
    return known->second.get();
  }
  return Learn(bytes);
}

Status TrialBook::Read(std::span<const std::string_view> trials) {
  ++request_;
  std::vector<Text*> told;
  std::vector<Text*> fresh;
  if (const Status status = Use(trials, told, fresh); !status) {
    Clear();
    return status;
  }
  Sort(std::move(fresh));
  passed_over_ = told.size() - by_start_.size();
  last_ = std::move(told);
  for (std::size_t i = 0; i < last_.size(); ++i) {
    last_[i]->place = i;
  }
  Forget();
  return {};
}

void TrialBook::Clear() {
  last_.clear();
  by_start_.clear();
  by_end_.clear();
  texts_.clear();
  names_.clear();
  passed_over_ = 0;
}

/// @param fresh  gets those that count and did not in the last request
Status TrialBook::Use(std::span<const std::string_view> trials, std::vector<Text*>& told,
                      std::vector<Text*>& fresh) {
  told.reserve(trials.size());
  std::size_t next = 0;
  for (const std::string_view bytes : trials) {
    HONE_ASSIGN_OR_RETURN(Text* const text, Find(bytes, next));
    told.push_back(text);
    text->told = request_;
    if (!text->known || std::exchange(text->name->second.used, request_) == request_) {
      continue;
    }
    if (text->used + 1 != request_) {
      fresh.push_back(text);
    }
    text->used = request_;
  }
  return {};
}

/// Brings both orders up to date: what is fresh goes to its place among what stays.
void TrialBook::Sort(std::vector<Text*> fresh) {
  const auto starts = [](const Text* a, const Text* b) {
    return std::tie(a->known->started, a->known->name) <
           std::tie(b->known->started, b->known->name);
  };
  const auto ends = [&](const Text* a, const Text* b) {
    return a->known->ended != b->known->ended ? a->known->ended < b->known->ended : starts(a, b);
  };
  const auto update = [&](std::vector<Text*>& all, const std::vector<Text*>& more,
                          const auto& before) {
    std::erase_if(all, [&](const Text* text) { return text->used != request_; });
    const auto middle = static_cast<std::ptrdiff_t>(all.size());
    all.insert(all.end(), more.begin(), more.end());
    std::sort(all.begin() + middle, all.end(), before);
    std::inplace_merge(all.begin(), all.begin() + middle, all.end(), before);
  };
  update(by_start_, fresh, starts);
  for (std::size_t i = 0; i < by_start_.size(); ++i) {
    by_start_[i]->number = static_cast<TrialNumber>(i + 1);
  }
  std::erase_if(fresh, [](const Text* text) { return !text->known->ending; });
  update(by_end_, fresh, ends);
}

/// What the last request did not tell is read again if it comes back.
void TrialBook::Forget() {
  if (texts_.size() == last_.size()) {
    return;  // each of them was told, if none was told twice; those wait for the next time
  }
  std::erase_if(texts_, [&](const auto& entry) {
    const Text& text = *entry.second;
    const bool gone = text.told != request_;
    if (gone && text.name != nullptr && --text.name->second.texts == 0) {
      names_.erase(names_.find(text.name->first));
    }
    return gone;
  });
}

const KnownTrial& TrialBook::Numbered(TrialNumber number) const {
  return *by_start_[number - 1]->known;
}

std::vector<TrialBook::Mark> TrialBook::History() const {
  std::map<std::uint32_t, TrialNumber> numbers;  // of trials, by those of their suggestions
  for (const Text* text : by_start_) {
    if (text->known->lineage) {
      numbers.emplace(text->known->lineage->number, text->number);
    }
  }
  std::vector<Mark> marks;
  marks.reserve(by_start_.size() + by_end_.size());
  auto end = by_end_.begin();
  const auto add_endings_before = [&](Timestamp at) {
    for (; end != by_end_.end() && (*end)->known->ended < at; ++end) {
      marks.push_back({(*end)->id, (*end)->number, 0, true});
    }
  };
  for (const Text* text : by_start_) {
    add_endings_before(text->known->started);
    Mark mark{text->id, text->number, 0, false};
    if (text->known->lineage) {
      const auto parent = numbers.find(text->known->lineage->parent);
      mark.parent = parent == numbers.end() ? 0 : parent->second;
    }
    marks.push_back(mark);
  }
  for (; end != by_end_.end(); ++end) {
    marks.push_back({(*end)->id, (*end)->number, 0, true});
  }
  return marks;
}

Lesson TrialBook::LessonOf(const Mark& mark) const {
  const KnownTrial& known = Numbered(mark.number);
  if (mark.is_ending) {
    Lesson lesson = *known.ending;
    std::visit([&](auto& what) { what.trial = mark.number; }, lesson);
    return lesson;
  }
  history::Proposed proposed{mark.number, known.values, {}, {}};
  proposed.tag = known.lineage ? known.lineage->tag : "";
  proposed.parent = mark.parent;
  return proposed;
}

}  // namespace hone
