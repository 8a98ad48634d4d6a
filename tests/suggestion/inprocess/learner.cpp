// SPDX-License-Identifier: Apache-2.0
#include "tests/suggestion/inprocess/learner.h"

#include "base/crash.h"

namespace hone {
namespace {

SettingSpec Flag(std::string name) {
  SettingSpec spec;
  spec.name = std::move(name);
  spec.kind = SettingSpec::Kind::kFlag;
  spec.default_text = "false";
  spec.doc = "for tests";
  return spec;
}

class Learner final : public Searcher {
 public:
  explicit Learner(const Settings& settings)
      : lies_(settings.Text("lie") == "true"),
        stumbles_(settings.Text("stumble") == "true"),
        resumes_(settings.Text("resume") == "true"),
        tells_label_(settings.Text("label") == "true") {}

  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
    return std::make_unique<Learner>(context.settings);
  }

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      ++items_;
      if (const auto* completed = std::get_if<history::Completed>(&item.what)) {
        sum_ += completed->values[0];
      } else if (const auto* paused = std::get_if<history::Paused>(&item.what)) {
        paused_ = paused->trial;
      } else if (std::holds_alternative<history::Resumed>(item.what)) {
        paused_.reset();
      } else if (std::holds_alternative<history::Lost>(item.what) && stumbles_) {
        return Fail(Code::kInternal, "a trial got lost");
      }
    }
    return {};
  }

  [[nodiscard]] Result<std::vector<Proposal>> Propose(
      const ProposeRequest& request) const override {
    std::vector<Proposal> answers;
    for (std::size_t i = 0; i < request.numbers.size(); ++i) {
      if (i == 0 && resumes_ && paused_) {
        answers.emplace_back(proposal::Resume{*paused_, 2.0 * items_, "resumed"});
        continue;
      }
      proposal::Start start;
      start.values = {{std::to_string(lies_ ? -1 : items_)}};
      start.budget = items_ + 1;
      start.tag = "left " + std::to_string(request.trials_left.value_or(0)) + " sum " +
                  std::to_string(sum_);
      start.tag = tells_label_ ? std::string(CrashLabel::Current()) : start.tag;
      answers.emplace_back(std::move(start));
    }
    return answers;
  }

 private:
  bool lies_;
  bool stumbles_;
  bool resumes_;
  bool tells_label_;
  int items_ = 0;
  double sum_ = 0;
  std::optional<TrialNumber> paused_;
};

HONE_REGISTER_SEARCHER(learner,
                       {.summary = "for tests",
                        .source = "none",
                        .supports = kInteger | kParallel,
                        .settings = {Flag("lie"), Flag("stumble"), Flag("resume"), Flag("label")},
                        .create = &Learner::Create});

}  // namespace

ExperimentSpec LearnerSpec(std::vector<Setting> settings) {
  ExperimentSpec spec;
  spec.name = "test";
  spec.space.parameters.push_back(
      {"x", IntegerDomain{0, 1000000, 1, Distribution::kUniform}, {}, {}});
  spec.objective.direction = Direction::kMinimize;
  spec.objective.metric = "loss";
  spec.objective.strategies = {{"loss", Strategy::kMin}};
  spec.algorithm = {"learner", std::move(settings)};
  spec.max_trial_count = 50;
  return spec;
}

}  // namespace hone
