// SPDX-License-Identifier: Apache-2.0
#include "tests/contracts/searcher_contract.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>

#include "algorithms/check.h"
#include "base/rng.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {
namespace {

constexpr std::uint64_t kSeed = 20240607;

ExperimentSpec SpecFor(const SearcherInfo& info, Space space) {
  ExperimentSpec spec;
  spec.name = "contract";
  spec.space = std::move(space);
  spec.algorithm.name = info.name;
  for (const SettingSpec& setting : info.settings) {
    if (setting.required) {
      const bool carrier = setting.name == "resource_name";
      spec.algorithm.settings.push_back({setting.name, carrier ? "HONE_BUDGET" : "9"});
    }
  }
  return spec;
}

bool Accepts(const ExperimentSpec& spec) {
  Problems problems;
  return CheckAlgorithm(spec, problems).has_value() && !problems.HasErrors();
}

/// Whether every started trial has one value of its domain for each parameter.
void CheckInBounds(const Space& space, const std::vector<Proposal>& answers) {
  for (const Proposal& answer : answers) {
    const auto* start = std::get_if<proposal::Start>(&answer);
    if (start == nullptr) {
      continue;
    }
    REQUIRE(start->values.size() == space.parameters.size());
    REQUIRE(start->tag.size() <= 4096);
    REQUIRE((start->parent != 0 || !start->start_from));
    for (std::size_t i = 0; i < start->values.size(); ++i) {
      const Value& value = start->values[i];
      INFO(space.parameters[i].name << " = " << value.text);
      REQUIRE((!value.active || CheckValue(space.parameters[i].domain, value.text).has_value()));
      REQUIRE((value.active || space.parameters[i].active_when.has_value()));
    }
    REQUIRE(space.Feasible(start->values));
  }
}

std::size_t Started(const std::vector<Proposal>& answers) {
  return static_cast<std::size_t>(std::ranges::count_if(answers, [](const Proposal& answer) {
    return std::holds_alternative<proposal::Start>(answer);
  }));
}

/// A day in the life: questions of different sizes, and the oldest trials end in every way.
/// @param rng  decides what happens; equal generators make equal lives
void Live(SearcherLab& lab, int rounds, Rng rng, const Space& space) {
  for (int round = 0; round < rounds; ++round) {
    CheckInBounds(space, lab.Ask(1 + rng.Below(4)));
    if (rng.Below(5) == 0) {
      lab.AskInVain(1 + rng.Below(3));
    }
    while (lab.running().size() > 3) {
      const auto last = static_cast<std::uint32_t>(lab.running().size() - 1);
      const TrialNumber trial = lab.running()[rng.Below(last + 1)];
      switch (rng.Below(8)) {
        case 0:
          lab.Fail(trial);
          break;
        case 1:
          lab.Lose(trial);
          break;
        case 2:
          lab.StopEarly(trial, rng.Normal());
          break;
        default:
          lab.Complete(trial, rng.Normal());
          break;
      }
    }
  }
}

Rng World(std::uint32_t life) {
  return {kSeed, Scope::Experiment(), Purpose::kSimulation, life};
}

void CheckDeterminism(const SearcherInfo& info, const ExperimentSpec& spec,
                      const ContractEffort& effort) {
  SECTION("answers are values of the space, whatever happens") {
    for (std::uint32_t life = 0; life < effort.lives; ++life) {
      SearcherLab lab(info, spec, kSeed + life);
      Live(lab, effort.rounds, World(life), spec.space);
    }
  }
  SECTION("the same seed and history give the same answers, asked once or twice") {
    SearcherLab a(info, spec, kSeed);
    SearcherLab b(info, spec, kSeed);
    const int rounds = effort.rounds / 2;
    Live(a, rounds, World(1), spec.space);
    CHECK(a.Peek(3) == a.Peek(3));
    Live(b, rounds, World(1), spec.space);
    CHECK(a.Peek(3) == b.Peek(3));
    CHECK(a.history().size() == b.history().size());
  }
  SECTION("a searcher rebuilt from history answers as the old one, at any point") {
    SearcherLab lab(info, spec, kSeed);
    constexpr int kMostRounds = 24;
    const int rounds = std::min(kMostRounds, effort.rounds);
    for (std::uint32_t i = 0; i < effort.rebuilds; ++i) {
      Live(lab, rounds / static_cast<int>(effort.rebuilds), World(i), spec.space);
      const auto expected = lab.Peek(3);
      for (const std::size_t batch : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
        lab.Rebuild(batch);
        CHECK(lab.Peek(3) == expected);
      }
      lab.SaveAndLoad();
      CHECK(lab.Peek(3) == expected);
    }
  }
}

void CheckUnluckyWorlds(const SearcherInfo& info, const ExperimentSpec& spec) {
  SECTION("pending trials do not stop it") {
    SearcherLab lab(info, spec, kSeed);
    const std::uint32_t count = (info.supports & kParallel) != 0 ? 32 : 1;
    const auto answers = lab.Ask(count);
    CheckInBounds(spec.space, answers);
    CHECK(Started(answers) == count);
  }
  SECTION("withdrawn answers change nothing but the numbers") {
    SearcherLab lab(info, spec, kSeed);
    for (int i = 0; i < 10; ++i) {
      lab.AskInVain(3);
    }
    const auto answers = lab.Ask(1);
    CheckInBounds(spec.space, answers);
    CHECK(Started(answers) == 1);
  }
  SECTION("all trials fail") {
    SearcherLab lab(info, spec, kSeed);
    for (int i = 0; i < 60; ++i) {
      const auto answers = lab.Ask(1);
      CheckInBounds(spec.space, answers);
      REQUIRE(Started(answers) == 1);
      lab.Fail(lab.running().front());
    }
  }
  SECTION("all trials are lost") {
    SearcherLab lab(info, spec, kSeed);
    for (int i = 0; i < 60; ++i) {
      REQUIRE(Started(lab.Ask(1)) == 1);
      lab.Lose(lab.running().front());
    }
  }
  SECTION("the objective is constant") {
    SearcherLab lab(info, spec, kSeed);
    for (int i = 0; i < 60; ++i) {
      const auto answers = lab.Ask(1);
      CheckInBounds(spec.space, answers);
      REQUIRE(Started(answers) == 1);
      lab.Complete(lab.running().front(), 1.0);
    }
  }
}

void CheckSmallSpaces(const SearcherInfo& info) {
  const Space small[] = {
      Space{{spaces::Real("x", 0, 1)}},
      Space{{spaces::Whole("x", 3, 3)}},
      Space{{spaces::Words("x", {"only"})}},
      Space{{spaces::Real("x", 2, 2)}},
      Space{{spaces::Words("x", {"only"}), spaces::Whole("y", 0, 1), spaces::Discrete("z", {"4"})}},
  };
  for (std::size_t i = 0; i < std::size(small); ++i) {
    DYNAMIC_SECTION("small space " << i) {
      const ExperimentSpec spec = SpecFor(info, small[i]);
      if (!Accepts(spec)) {
        WARN(info.name << " does not take small space " << i);
        return;
      }
      SearcherLab lab(info, spec, kSeed);
      REQUIRE(Started(lab.Ask(1)) == 1);  // a finite space may be used up after this one
      Live(lab, 10, World(3), spec.space);
    }
  }
}

/// The promises hold in the spaces of what the algorithm says it can honour, too.
void CheckSpecialSpaces(const SearcherInfo& info, const ContractEffort& effort) {
  if ((info.supports & kConstrained) != 0) {
    SECTION("constrained") {
      ExperimentSpec spec = ContractSpec(info);
      spec.space = spaces::Constrained(
          std::move(spec.space), {"layers * batch <= 512", "optimizer != \"ftrl\" || decay > 0.4"});
      CheckDeterminism(info, spec, effort);
    }
    SECTION("nothing is feasible") {
      ExperimentSpec spec = ContractSpec(info);
      spec.space = spaces::Constrained(std::move(spec.space), {"layers > 7"});
      Problems problems;
      const auto choice = CheckAlgorithm(spec, problems);
      if (!problems.HasErrors()) {  // seldom known before the search
        const auto searcher = info.create(ContextOf(spec, choice->settings, kSeed));
        REQUIRE(searcher.has_value());
        const auto answers = (*searcher)->Propose({{1}, std::nullopt});
        REQUIRE_FALSE(answers.has_value());
        CHECK(answers.error().code == Code::kFailedPrecondition);
      }
    }
  }
  if ((info.supports & kConditional) != 0) {
    SECTION("conditional") {
      ExperimentSpec spec = ContractSpec(info);
      spec.space.parameters.push_back(
          spaces::When(spaces::Whole("momentum", 1, 5), "optimizer", {"sgd"}, "0"));
      CheckDeterminism(info, spec, effort);
    }
  }
}

}  // namespace

SearcherLab::SearcherLab(const SearcherInfo& info, ExperimentSpec spec, std::uint64_t seed,
                         std::vector<EarlierTask> earlier)
    : info_(info),
      spec_(std::move(spec)),
      seed_(seed),
      earlier_(std::move(earlier)),
      searcher_(Make()) {}

std::unique_ptr<Searcher> SearcherLab::Make() const {
  Problems problems;
  const auto choice = CheckAlgorithm(spec_, problems);
  for (const Problem& problem : problems.list()) {
    INFO(problem.field << ": " << problem.message);
    REQUIRE(problem.severity == Problem::Severity::kWarning);
  }
  SearchContext context = ContextOf(spec_, choice->settings, seed_);
  context.earlier = earlier_;
  auto searcher = info_.create(context);
  REQUIRE(searcher.has_value());
  return std::move(*searcher);
}

ProposeRequest SearcherLab::RequestFor(std::uint32_t count) const {
  ProposeRequest request;
  for (std::uint32_t i = 0; i < count; ++i) {
    request.numbers.push_back(next_ + i);
  }
  return request;
}

std::vector<Proposal> SearcherLab::Peek(std::uint32_t count) const {
  auto answers = searcher_->Propose(RequestFor(count));
  REQUIRE(answers.has_value());
  REQUIRE(answers->size() == count);
  return std::move(*answers);
}

std::vector<Proposal> SearcherLab::AskInVain(std::uint32_t count) {
  auto answers = Peek(count);
  next_ += count;
  return answers;
}

std::vector<Proposal> SearcherLab::Ask(std::uint32_t count) {
  const TrialNumber first = next_;
  auto answers = AskInVain(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (const auto* start = std::get_if<proposal::Start>(&answers[i])) {
      running_.push_back(first + i);
      Record(history::Proposed{first + i, start->values, start->tag, start->budget, start->parent,
                               start->start_from});
    }
  }
  return answers;
}

void SearcherLab::Record(decltype(HistoryItem::what) what) {
  history_.push_back({history_.size() + 1, std::move(what)});
  REQUIRE(searcher_->Observe(History(&history_.back(), 1)).has_value());
}

void SearcherLab::End(TrialNumber trial, decltype(HistoryItem::what) what) {
  std::erase(running_, trial);
  Record(std::move(what));
}

void SearcherLab::Complete(TrialNumber trial, double value) {
  Complete(trial, std::vector{value});
}

void SearcherLab::Complete(TrialNumber trial, std::vector<double> losses) {
  std::optional<std::string> checkpoint;
  if (trial % 5 != 0) {  // some jobs leave none
    checkpoint = "of trial " + std::to_string(trial);
  }
  End(trial, history::Completed{trial, std::move(losses), std::chrono::seconds(1), checkpoint});
}

void SearcherLab::CompleteWithin(TrialNumber trial, double loss, std::vector<double> excess) {
  if (std::ranges::any_of(excess, [](double beyond) { return beyond > 0; })) {
    return End(trial, history::Infeasible{trial, EndingKind::kSucceeded, {loss}, excess});
  }
  End(trial, history::Completed{trial, {loss}, std::chrono::seconds(1), {}, excess});
}

void SearcherLab::Fail(TrialNumber trial) {
  End(trial, history::Infeasible{trial, EndingKind::kExitCode});
}

void SearcherLab::Lose(TrialNumber trial) {
  End(trial, history::Lost{trial});
}

void SearcherLab::StopEarly(TrialNumber trial, double value) {
  End(trial, history::StoppedEarly{trial, {value}});
}

void SearcherLab::Rebuild(std::size_t batch) {
  searcher_ = Make();
  const History all(history_);
  for (std::size_t i = 0; i < all.size(); i += batch) {
    REQUIRE(searcher_->Observe(all.subspan(i, std::min(batch, all.size() - i))).has_value());
  }
}

void SearcherLab::SaveAndLoad() {
  const Result<std::string> saved = searcher_->Save();
  if (!saved) {
    REQUIRE(saved.error().code == Code::kUnimplemented);
    return Rebuild(1);
  }
  searcher_ = Make();
  REQUIRE(searcher_->Load(*saved).has_value());
}

ExperimentSpec ContractSpec(const SearcherInfo& info) {
  ExperimentSpec spec = SpecFor(info, spaces::Mixed());
  if (!Accepts(spec)) {
    spec.space = spaces::MixedGrid();
  }
  REQUIRE(Accepts(spec));
  return spec;
}

void CheckSearcherContract(const SearcherInfo& info, const ContractEffort& effort) {
  const ExperimentSpec spec = ContractSpec(info);
  CheckDeterminism(info, spec, effort);
  CheckUnluckyWorlds(info, spec);
  CheckSmallSpaces(info);
  CheckSpecialSpaces(info, effort);
}

void CheckSearcherKeepsUp(const SearcherInfo& info, int trials) {
  ExperimentSpec spec = ContractSpec(info);
  spec.space.parameters.push_back(spaces::Whole("enough", 1, 1000));
  SearcherLab lab(info, spec, kSeed);
  Rng rng = World(5);
  const std::clock_t start = std::clock();
  for (int i = 0; i < trials; ++i) {
    REQUIRE(Started(lab.Ask(1)) == 1);
    lab.Complete(lab.running().front(), rng.Normal());
  }
  // Of the processor, and on a machine ten times slower than needed for it.
  CHECK((std::clock() - start) / CLOCKS_PER_SEC < 100);
}

void CheckSplitInvariance(const SearcherInfo& info) {
  const ExperimentSpec spec = ContractSpec(info);
  SearcherLab whole(info, spec, kSeed);
  SearcherLab split(info, spec, kSeed);
  for (int round = 0; round < 20; ++round) {
    const auto expected = whole.Ask(3);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto one = split.Ask(1);
      REQUIRE(one.size() == 1);
      CHECK(one[0] == expected[i]);
    }
  }
}

}  // namespace hone
