// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/study.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>

#include "api/proto/katib_v1beta1.pb.h"
#include "suggestion/server/experiment_wire.h"
#include "suggestion/server/lineage.h"
#include "suggestion/server/request_parts.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;

// A controller asks for as many as run at once; a larger number is a mistake, or an attack.
constexpr int kMostAsked = 10'000;
// Of suggestions that the request does not show: each costs the work of a proposal.
constexpr std::size_t kMostPassedOver = 256;
// Katib's, of its population based training.
constexpr char kLabels[] = "pbt.suggestion.katib.kubeflow.org/";

std::vector<TrialNumber> Numbers(TrialNumber first, std::size_t count) {
  std::vector<TrialNumber> numbers(count);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

/// What the algorithm's answers mean to a controller that wants exactly as many values as it asked
/// for.
class Receiver {
 public:
  explicit Receiver(const TrialBook& tried) : tried_(tried) {}

  Status Receive(TrialNumber number, const Proposal& answer) {
    number_ = number;
    return std::visit(*this, answer);
  }
  [[nodiscard]] std::vector<proposal::Start> Take() { return std::move(chosen_); }

  Status operator()(const proposal::Start& start) {
    chosen_.push_back(start);
    return {};
  }
  /// All was tried: it begins again.
  Status operator()(const proposal::Exhausted& exhausted) {
    if (different_.empty()) {
      for (TrialNumber number = 1; number <= tried_.size(); ++number) {
        Collect(tried_.Numbered(number).values);
      }
      std::ranges::for_each(chosen_, [this](const auto& start) { Collect(start.values); });
    }
    if (different_.empty()) {
      return Fail(Code::kInternal, "the search ended before it began: " + exhausted.reason);
    }
    chosen_.emplace_back();
    chosen_.back().values = different_[(number_ - 1) % different_.size()];
    return {};
  }
  Status operator()(const proposal::Wait& /*wait*/) const {
    return Fail(Code::kUnavailable, "the algorithm waits for results of running trials");
  }
  Status operator()(const proposal::Resume& /*resume*/) const {
    return Fail(Code::kInternal, "the algorithm resumes a trial, which Katib cannot do");
  }

 private:
  void Collect(const Assignment& values) {
    std::string key;
    for (const Value& value : values) {
      key += value.text;
      key += '\0';
    }
    if (keys_.insert(std::move(key)).second) {
      different_.push_back(values);
    }
  }

  const TrialBook& tried_;
  std::vector<proposal::Start> chosen_;
  std::vector<Assignment> different_;  // in the order they were tried; filled when needed
  std::unordered_set<std::string> keys_;
  TrialNumber number_ = 0;
};

void AddValues(const Space& space, const Assignment& values, pb::GetSuggestionsReply& reply) {
  auto& out = *reply.add_parameter_assignments();
  for (std::size_t i = 0; i < values.size(); ++i) {
    pb::ParameterAssignment& assignment = *out.add_assignments();
    assignment.set_name(space.parameters[i].name);
    assignment.set_value(values[i].text);
  }
}

Status CheckNumbers(const pb::GetSuggestionsRequest& request) {
  const int wanted = request.current_request_number();
  if (wanted < 0 || wanted > kMostAsked) {
    return Fail(
        Code::kInvalidArgument,
        "must be from 0 to " + std::to_string(kMostAsked) + ", not " + std::to_string(wanted),
        "current_request_number");
  }
  if (request.total_request_number() < 0) {
    return Fail(Code::kInvalidArgument, "must be >= 0", "total_request_number");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Study>> Study::Create(const pb::Experiment& experiment,
                                             const std::filesystem::path& trial_data) {
  HONE_ASSIGN_OR_RETURN(ExperimentSpec spec, DecodeExperiment(experiment, !trial_data.empty()));
  std::unique_ptr<Study> study(new Study(std::move(spec), SeedOf(experiment), trial_data));
  HONE_ASSIGN_OR_RETURN(study->pupil_, Pupil::Create(study->spec_, study->seed_));
  return study;
}

/// @param marks  of the news
Status Study::Tell(std::vector<HistoryItem> news, std::vector<TrialBook::Mark> marks) {
  if (const Status told = pupil_->Tell(news); !told) {
    pupil_.reset();
    return told;
  }
  std::ranges::move(news, std::back_inserter(told_));
  std::ranges::move(marks, std::back_inserter(marks_));
  return {};
}

/// Whether this history begins with what the pupil was told. Another text of a trial may say the
/// same: that of one which has ended meanwhile, of its proposal.
bool Study::IsAsTold(const std::vector<TrialBook::Mark>& history) {
  if (marks_.size() > history.size()) {
    return false;
  }
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    if (marks_[i] == history[i]) {
      continue;
    }
    if (trials_.LessonOf(history[i]) != told_[i].what) {
      return false;
    }
    marks_[i] = history[i];
  }
  return true;
}

/// Brings the pupil to what the trials say: goes on where it stands if it may, else begins anew.
Status Study::CatchUp() {
  std::vector<TrialBook::Mark> history = trials_.History();
  if (pupil_ == nullptr || !IsAsTold(history)) {
    told_.clear();
    marks_.clear();
    HONE_ASSIGN_OR_RETURN(pupil_, Pupil::Create(spec_, seed_));
  }
  history.erase(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(marks_.size()));
  std::vector<HistoryItem> news;
  news.reserve(history.size());
  for (const TrialBook::Mark& mark : history) {
    news.push_back({told_.size() + news.size() + 1, trials_.LessonOf(mark)});
  }
  return Tell(std::move(news), std::move(history));
}

/// Suggestions were made that the request does not show (their metrics are unavailable, or they
/// never became trials). What the algorithm would choose now stands for them, so that a sequence
/// goes on behind them; nobody learns anything from them.
Status Study::PassOver(TrialNumber first, std::size_t count) {
  const std::vector<TrialNumber> numbers = Numbers(first, std::min(count, kMostPassedOver));
  HONE_ASSIGN_OR_RETURN(
      const std::vector<Proposal> answers,
      pupil_->Ask({.numbers = numbers, .trials_left = std::nullopt, .may_wait = false}));
  std::vector<HistoryItem> news;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (const auto* start = std::get_if<proposal::Start>(&answers[i])) {
      const Version seq = told_.size() + news.size();
      news.push_back({seq + 1, history::Proposed{numbers[i], start->values, start->tag, {}}});
      news.push_back({seq + 2, history::Lost{numbers[i]}});
    }
  }
  std::vector<TrialBook::Mark> marks(news.size());
  return Tell(std::move(news), std::move(marks));
}

Result<std::vector<proposal::Start>> Study::Choose(const ProposeRequest& request) {
  HONE_ASSIGN_OR_RETURN(const std::vector<Proposal> answers, pupil_->Ask(request));
  Receiver receiver(trials_);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    HONE_RETURN_IF_ERROR(receiver.Receive(request.numbers[i], answers[i]));
  }
  return receiver.Take();
}

/// Name, labels and folder of the trial that the last suggestion of a reply will become.
Status Study::AddLineage(TrialNumber number, const proposal::Start& start,
                         pb::GetSuggestionsReply& reply) const {
  LineageName name{start.tag, number, 0};
  std::string parent;
  if (start.parent >= 1 && start.parent <= trials_.size()) {
    parent = trials_.Numbered(start.parent).name;
    const auto told = ParseLineage(spec_.name, parent);
    name.parent = told ? told->number : 0;
  }
  auto& out = *reply.mutable_parameter_assignments()->rbegin();
  out.set_trial_name(TextOf(spec_.name, name));
  auto& labels = *out.mutable_labels();
  labels[kLabels + std::string("generation")] = start.tag.substr(start.tag.find('g') + 1);
  if (name.parent != 0) {
    labels[kLabels + std::string("parent")] = parent;
  }
  const bool copies = start.start_from && name.parent != 0;
  return MakeTrialFolder(trial_data_, spec_.name, copies ? parent : "", out.trial_name());
}

Status Study::Answer(const RequestParts& parts, pb::GetSuggestionsReply& reply) {
  const pb::GetSuggestionsRequest& request = parts.rest;
  HONE_RETURN_IF_ERROR(CheckNumbers(request));
  const auto wanted = static_cast<std::size_t>(request.current_request_number());
  const auto given = static_cast<std::size_t>(
      std::max(request.total_request_number() - request.current_request_number(), 0));
  HONE_RETURN_IF_ERROR(trials_.Read(parts.trials));
  const std::size_t shown = trials_.size();
  HONE_RETURN_IF_ERROR(CatchUp());
  if (given > shown + trials_.passed_over()) {
    HONE_RETURN_IF_ERROR(
        PassOver(static_cast<TrialNumber>(shown + 1), given - shown - trials_.passed_over()));
  }
  ProposeRequest question;
  question.may_wait = false;
  question.numbers = Numbers(static_cast<TrialNumber>(std::max(given, shown) + 1), wanted);
  if (spec_.max_trial_count) {
    const auto budget = static_cast<std::size_t>(*spec_.max_trial_count);
    question.trials_left = static_cast<std::uint32_t>(std::max(budget, given) - given);
  }
  HONE_ASSIGN_OR_RETURN(const std::vector<proposal::Start> chosen, Choose(question));
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    AddValues(spec_.space, chosen[i].values, reply);
    if (!trial_data_.empty() && !chosen[i].tag.empty()) {
      HONE_RETURN_IF_ERROR(AddLineage(question.numbers[i], chosen[i], reply));
    }
  }
  for (const Setting& setting : pupil_->Published(question)) {
    pb::AlgorithmSetting& out = *reply.mutable_algorithm()->add_algorithm_settings();
    out.set_name(setting.name);
    out.set_value(setting.value);
  }
  return {};
}

}  // namespace hone
