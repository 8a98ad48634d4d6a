// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/ledger_check.h"
#include "core/transitions.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"

namespace hone::test {

inline constexpr Timestamp kStart{std::chrono::hours(24 * 365 * 50)};

/// An experiment in memory: gives inputs, records what is decided, as a strand does without a
/// store.
class Book {
 public:
  explicit Book(const ExperimentOptions& options) {
    state.id = ExperimentId{"11111111-2222-4333-8444-555555555555"};
    Record(event::ExperimentCreated{MakeSpec(options).document, 7, "test", "test"});
  }

  Result<Decision> Give(const Input& in) {
    now += std::chrono::seconds(1);
    auto decision = Decide(state, in, now);
    if (decision.has_value()) {
      for (const Event& event : decision->events) {
        Record(event);
      }
    }
    return decision;
  }

  /// Offers slots and answers the question with as many starts.
  void Start(std::uint32_t slots) {
    REQUIRE(Give(input::Offer{slots, "here"}).has_value());
    if (!state.reservation) {
      return;
    }
    std::vector<Proposal> answers(state.reservation->count, Proposal(MakeStart()));
    REQUIRE(
        Give(input::Proposals{state.reservation->seq, state.version, answers, "here"}).has_value());
  }

  static proposal::Start MakeStart() {
    proposal::Start start;
    start.values = {{"0.01"}, {"2"}, {"adam"}};
    return start;
  }

  Result<Decision> End(TrialNumber trial, const std::string& value,
                       EndingKind kind = EndingKind::kSucceeded) {
    Observation observation;
    if (!value.empty()) {
      observation = {{"acc", value, value, value, true}};
    }
    return End(trial, observation, kind);
  }

  Result<Decision> End(TrialNumber trial, const Observation& observation,
                       EndingKind kind = EndingKind::kSucceeded) {
    const Attempt attempt = state.Find(trial)->attempt;
    return Give(
        input::Seen{{trial, attempt, "here", now, now, Ending{kind, 0, 0, "why"}}, observation});
  }

  void Record(const Event& event) {
    ledger.push_back({state.version + 1, now, event});
    const Status checked = CheckNext(state, ledger.back());
    INFO((checked.has_value() ? "" : checked.error().Text()));
    REQUIRE(checked.has_value());
    Evolve(state, ledger.back());
  }

  ExperimentState state;
  std::vector<Recorded> ledger;
  Timestamp now = kStart;
};

/// How many events of this kind were decided.
template <class E>
int CountOf(const Decision& decision) {
  int count = 0;
  for (const Event& event : decision.events) {
    count += std::holds_alternative<E>(event) ? 1 : 0;
  }
  return count;
}

}  // namespace hone::test
