// SPDX-License-Identifier: Apache-2.0
// Independent samples from each parameter's distribution.
//
// Source: Bergstra, Bengio 2012, "Random search for hyper-parameter optimization", JMLR 13.
// Differs from Katib's (hyperopt) in: stepped values form the grid min + k * step, all with equal
// weight and inside the bounds; normal distributions are truncated to the bounds.
#include <utility>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/rng.h"

namespace hone {
namespace {

/// Has no state: a proposal is a function of the seed and the trial's number.
class Random final : public Searcher {
 public:
  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
    HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
    return std::unique_ptr<Searcher>(
        new Random(std::move(encoder), SeedOf(context.settings, context.seed)));
  }

  Status Observe(History /*deltas*/) override { return {}; }

  [[nodiscard]] bool AnswersAtOnce() const override { return encoder_.space().constraints.empty(); }

  [[nodiscard]] Result<std::vector<Proposal>> Propose(
      const ProposeRequest& request) const override {
    std::vector<Proposal> answers;
    for (const TrialNumber number : request.numbers) {
      Rng rng(seed_, Scope::Trial(number), Purpose::kSample);
      proposal::Start start;
      HONE_ASSIGN_OR_RETURN(start.values,
                            DrawFeasible(encoder_.space(), [&] { return encoder_.Draw(rng); }));
      answers.emplace_back(std::move(start));
    }
    return answers;
  }

 private:
  Random(SpaceEncoder encoder, std::uint64_t seed) : encoder_(std::move(encoder)), seed_(seed) {}

  SpaceEncoder encoder_;
  std::uint64_t seed_;
};

HONE_REGISTER_SEARCHER(random,
                       {.summary = "independent samples from each parameter's distribution",
                        .source = "Bergstra & Bengio 2012, JMLR 13",
                        .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions |
                                    kParallel | kConditional | kMultiObjective | kConstrained,
                        .settings = {RandomStateSetting()},
                        .create = &Random::Create});

}  // namespace
}  // namespace hone
