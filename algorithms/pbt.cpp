// SPDX-License-Identifier: Apache-2.0
// Population based training: members train in segments. After each one, a member among the worst
// takes the values and the checkpoint of one among the best, with the values changed a little; all
// others go on from their own checkpoint. Each segment is a trial. It never waits: a member goes on
// as soon as a place is free, and is compared with the latest results of the others.
//
// Source: Jaderberg et al. 2017, "Population Based Training of Neural Networks", arXiv 1711.09846,
// algorithm 1, with truncation selection (section 4.1.1, appendix A). Names of settings are
// Katib's. Differs from the paper in: a value moves by a factor only where its range does not hold
// 0, else by at least a fiftieth (with the default) of the range; in lists, to a neighbour. A
// member whose segment failed or was stopped early counts as the worst. Differs from Katib in:
// members that are not replaced keep their values; the checkpoint comes from the trial that the
// values come from; no generation is waited for.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/explorer.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/rng.h"
#include "base/text.h"

namespace hone {
namespace {

constexpr char kSettings[] = "spec.algorithm.algorithmSettings";
constexpr char kAll[] = "all";
// Segments lost in a row, after which the checkpoint is not trusted: it may be gone.
constexpr int kTriesFromCheckpoint = 2;
// Streams of a trial.
constexpr std::uint32_t kChange = 0;
constexpr std::uint32_t kDonor = 1;

/// "m3 g2": a segment of member 3 (from 1) after two that brought a result.
struct Place {
  std::size_t member = 0;  // from 0
  std::uint32_t generation = 0;
};

std::string TagOf(const Place& place) {
  return "m" + std::to_string(place.member + 1) + " g" + std::to_string(place.generation);
}

std::optional<Place> ParsePlace(std::string_view tag) {
  const auto words = Split(tag, ' ');
  if (words.size() != 2 || !words[0].starts_with('m') || !words[1].starts_with('g')) {
    return std::nullopt;
  }
  const auto member = ParseInt(words[0].substr(1));
  const auto generation = ParseInt(words[1].substr(1));
  constexpr std::int64_t kMost = 1'000'000;
  if (!member || *member < 1 || *member > kMost || !generation || *generation < 0 ||
      *generation > kMost) {
    return std::nullopt;
  }
  return Place{static_cast<std::size_t>(*member - 1), static_cast<std::uint32_t>(*generation)};
}

/// State: the last result of each member, and who of them waits for a place.
class Pbt final : public Searcher {
 public:
  Pbt(const SearchContext& context, Explorer explorer)
      : explorer_(std::move(explorer)),
        seed_(SeedOf(context.settings, context.seed)),
        size_(static_cast<std::size_t>(context.settings.Int("n_population"))),
        truncation_(context.settings.Real("truncation_threshold")),
        keeps_all_(context.settings.Text("keep_checkpoints") == kAll) {
    if (context.settings.Has("segment_budget")) {
      segment_budget_ = context.settings.Real("segment_budget");
    }
  }

  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
    HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
    return std::make_unique<Pbt>(context, Explorer(std::move(encoder), context.settings));
  }
  static void Check(const SearchContext& context, Problems& problems);

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
    }
    return {};
  }
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;
  [[nodiscard]] std::optional<std::set<TrialNumber>> Needed() const override;
  [[nodiscard]] std::optional<double> BudgetOf(const Assignment& /*values*/) const override {
    return segment_budget_;
  }

 private:
  /// What a segment left.
  struct Left {
    double loss = 0;
    TrialNumber trial = 0;
    Assignment values;
    std::optional<std::string> checkpoint;
  };
  struct Segment {
    std::size_t member = 0;
    Assignment values;
    TrialNumber parent = 0;
    std::optional<std::string> start_from;
  };
  struct Member {
    std::uint32_t generation = 0;  // segments with a result
    bool failed = false;           // the last segment brought none
    std::optional<Left> left;      // of the last segment that brought one
    std::optional<Segment> again;  // the last segment was lost
    int losses = 0;                // in a row
  };

  Status Learn(const history::Proposed& what);
  Status Learn(const history::Completed& what);
  Status Learn(const history::StoppedEarly& what) { return Fails(what.trial); }
  Status Learn(const history::Infeasible& what) { return Fails(what.trial); }
  Status Learn(const history::Lost& what);
  template <class Other>
  Status Learn(const Other& /*what*/) {
    return {};
  }
  Status Fails(TrialNumber trial);
  Result<Segment> TakeRunning(TrialNumber trial);

  [[nodiscard]] Result<proposal::Start> NewMember(std::size_t member, TrialNumber number) const;
  [[nodiscard]] Result<proposal::Start> NextOf(std::size_t member, TrialNumber number) const;
  [[nodiscard]] const Left* DonorOf(std::size_t member, TrialNumber number) const;
  [[nodiscard]] double LossOf(const Member& member) const {
    return member.failed || !member.left ? std::numeric_limits<double>::infinity()
                                         : member.left->loss;
  }
  static void GoOn(const Left& from, proposal::Start& start);

  Explorer explorer_;
  std::uint64_t seed_;
  std::size_t size_;
  double truncation_;
  bool keeps_all_;
  std::optional<double> segment_budget_;  // the same for all
  std::vector<Member> members_;
  std::deque<std::size_t> idle_;  // in the order in which their segments ended
  std::map<TrialNumber, Segment> running_;
};

void Pbt::Check(const SearchContext& context, Problems& problems) {
  const std::int64_t members = context.settings.Int("n_population");
  if (context.max_trial_count && *context.max_trial_count <= members) {
    problems.Warn(kSettings, "maxTrialCount " + std::to_string(*context.max_trial_count) +
                                 " leaves no segment after the first of each of the " +
                                 std::to_string(members) +
                                 " members (n_population), so nothing can be exploited");
  }
  if (!context.settings.Has("suggestion_trial_dir")) {
    return;
  }
  const std::string& folder = context.settings.Text("suggestion_trial_dir");
  if (folder.size() < 2 || !folder.starts_with('/')) {
    problems.Refuse(kSettings,
                    "suggestion_trial_dir must be an absolute path such as "
                    "/opt/katib/data, not \"" +
                        Printable(folder, 80) + "\"");
  }
}

Status Pbt::Learn(const history::Proposed& what) {
  const auto place = ParsePlace(what.tag);
  const std::size_t member = place ? place->member : members_.size();  // a person's own trial
  if (member >= members_.size()) {
    members_.resize(member + 1);  // over Katib's wire they come in any order
  }
  if (const auto found = std::ranges::find(idle_, member); found != idle_.end()) {
    idle_.erase(found);
  }
  members_[member].again.reset();
  running_.emplace(what.trial, Segment{member, what.values, what.parent, what.start_from});
  return {};
}

Result<Pbt::Segment> Pbt::TakeRunning(TrialNumber trial) {
  auto ran = running_.extract(trial);
  if (!ran) {
    return Fail(Code::kInternal, "trial " + std::to_string(trial) + " ended before its proposal");
  }
  idle_.push_back(ran.mapped().member);
  return std::move(ran.mapped());
}

Status Pbt::Learn(const history::Completed& what) {
  HONE_ASSIGN_OR_RETURN(Segment segment, TakeRunning(what.trial));
  Member& member = members_[segment.member];
  ++member.generation;
  member.failed = false;
  member.losses = 0;
  member.left = Left{what.values.front(), what.trial, std::move(segment.values), what.checkpoint};
  return {};
}

Status Pbt::Fails(TrialNumber trial) {
  HONE_ASSIGN_OR_RETURN(const Segment segment, TakeRunning(trial));
  members_[segment.member].failed = true;
  members_[segment.member].losses = 0;
  return {};
}

Status Pbt::Learn(const history::Lost& what) {
  HONE_ASSIGN_OR_RETURN(Segment segment, TakeRunning(what.trial));
  Member& member = members_[segment.member];
  ++member.losses;
  member.again = std::move(segment);
  return {};
}

/// The member among the best whose place this one takes over; null: it is not among the worst.
const Pbt::Left* Pbt::DonorOf(std::size_t member, TrialNumber number) const {
  std::vector<std::pair<double, std::size_t>> ranked;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].left || members_[i].failed) {
      ranked.emplace_back(LossOf(members_[i]), i);
    }
  }
  std::ranges::sort(ranked);
  const std::size_t known = ranked.size();
  const auto share = static_cast<std::size_t>(truncation_ * static_cast<double>(known));
  const std::size_t replaced =
      truncation_ > 0 ? std::min(std::max<std::size_t>(share, 1), known / 2) : 0;
  const bool among_worst =
      std::ranges::any_of(ranked.end() - static_cast<std::ptrdiff_t>(replaced), ranked.end(),
                          [&](const auto& one) { return one.second == member; });
  if (replaced == 0 || (!among_worst && !members_[member].failed)) {
    return nullptr;
  }
  ranked.resize(replaced);
  std::erase_if(ranked, [&](const auto& one) {
    return !(one.first < LossOf(members_[member]));  // ties are not worth a copy
  });
  if (ranked.empty()) {
    return nullptr;
  }
  Rng rng(seed_, Scope::Trial(number), Purpose::kMutation, kDonor);
  const auto chosen = rng.Below(static_cast<std::uint32_t>(ranked.size()));
  const auto& left = members_[ranked[chosen].second].left;
  return left ? &*left : nullptr;
}

void Pbt::GoOn(const Left& from, proposal::Start& start) {
  start.parent = from.trial;
  start.start_from = from.checkpoint;
  if (!from.checkpoint) {
    start.note += "; it starts from zero, since trial number " + std::to_string(from.trial) +
                  " left no checkpoint";
  }
}

Result<proposal::Start> Pbt::NewMember(std::size_t member, TrialNumber number) const {
  Rng rng(seed_, Scope::Trial(number), Purpose::kSample);
  proposal::Start start;
  HONE_ASSIGN_OR_RETURN(start.values, explorer_.Fresh(rng));
  start.tag = TagOf({member, 0});
  start.note = "member " + std::to_string(member + 1) + " begins, drawn at random";
  return start;
}

Result<proposal::Start> Pbt::NextOf(std::size_t member, TrialNumber number) const {
  const Member& now = members_[member];
  const std::string who = "member " + std::to_string(member + 1);
  proposal::Start start;
  start.tag = TagOf({member, now.generation});
  if (now.again) {
    start.values = now.again->values;
    start.parent = now.again->parent;
    start.note = who + " repeats a segment that was lost";
    if (now.losses < kTriesFromCheckpoint) {
      start.start_from = now.again->start_from;
    } else if (now.again->start_from) {
      start.note += "; it starts from zero, since the checkpoint did not help twice";
    }
    return start;
  }
  Rng rng(seed_, Scope::Trial(number), Purpose::kMutation, kChange);
  if (const Left* const donor = DonorOf(member, number)) {
    HONE_ASSIGN_OR_RETURN(start.values, explorer_.Change(donor->values, rng));
    start.note = who + " is among the worst: it goes on with trial number " +
                 std::to_string(donor->trial) + ", its values changed";
    GoOn(*donor, start);
    return start;
  }
  if (!now.left) {  // never a result, and nobody to learn from
    return NewMember(member, number);
  }
  start.values = now.left->values;
  start.note = who + " goes on after trial number " + std::to_string(now.left->trial);
  if (now.failed) {
    HONE_ASSIGN_OR_RETURN(start.values, explorer_.Change(now.left->values, rng));
    start.note += ", its values changed since the segment after it failed";
  }
  GoOn(*now.left, start);
  return start;
}

Result<std::vector<Proposal>> Pbt::Propose(const ProposeRequest& request) const {
  std::size_t members = members_.size();
  std::size_t served = 0;  // of idle_
  std::vector<Proposal> answers;
  for (const TrialNumber number : request.numbers) {
    const bool is_new = members < size_ || served == idle_.size();
    HONE_ASSIGN_OR_RETURN(auto start,
                          is_new ? NewMember(members++, number) : NextOf(idle_[served++], number));
    start.budget = segment_budget_;
    answers.emplace_back(std::move(start));
  }
  return answers;
}

/// The members' last results, and where segments began that may have to be repeated.
std::optional<std::set<TrialNumber>> Pbt::Needed() const {
  if (keeps_all_) {
    return std::nullopt;
  }
  std::set<TrialNumber> needed;
  for (const Member& member : members_) {
    if (member.left) {
      needed.insert(member.left->trial);
    }
    if (member.again) {
      needed.insert(member.again->parent);
    }
  }
  for (const auto& [trial, segment] : running_) {
    needed.insert(segment.parent);
  }
  return needed;
}

std::vector<SettingSpec> SettingsOfPbt() {
  SettingSpec folder;
  folder.name = "suggestion_trial_dir";
  folder.doc =
      "where the trial sees its checkpoint folder: this path in its command, args and env becomes "
      "HONE_CHECKPOINT_DIR";
  SettingSpec resample = RealSetting(
      "resample_probability", std::nullopt, {.min = 0, .max = 1},
      "how often a value that is to change is drawn anew; unset: never, it is moved a little");
  return {
      std::move(folder),
      IntSetting("n_population", 10, {.min = 5, .max = 100000},
                 "members that train side by side; more if more trials run at once"),
      RealSetting("truncation_threshold", 0.2, {.min = 0, .max = 1},
                  "the share of the worst that are replaced, and of the best that replace them; "
                  "at most half"),
      std::move(resample),
      RealSetting("perturbation", 0.2, {.min = 0, .max = 1, .open_min = true, .open_max = true},
                  "how far a value moves: by the factor 1 - this or 1 + this"),
      RealSetting("segment_budget", std::nullopt, {.min = 0, .max = 1e9, .open_min = true},
                  "what a segment trains, in any unit: its budget, HONE_BUDGET in its environment, "
                  "and what spec.cost.perBudget is paid for; unset: its job knows"),
      ChoiceSetting("keep_checkpoints", "needed", {"needed", kAll},
                    "needed: those of the best trial and of the members' latest segments; "
                    "others are removed while the experiment runs"),
      RandomStateSetting()};
}

HONE_REGISTER_SEARCHER(
    pbt, {.summary = "population based training: members train in segments, and bad ones go on "
                     "from the checkpoint of a good one with changed values",
          .source = "Jaderberg et al. 2017, arXiv 1711.09846",
          .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions | kParallel |
                      kConditional | kConstrained | kCheckpoints,
          .settings = SettingsOfPbt(),
          .ignores_unknown_settings = true,
          .create = &Pbt::Create,
          .check = &Pbt::Check});

}  // namespace
}  // namespace hone
