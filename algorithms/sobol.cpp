// SPDX-License-Identifier: Apache-2.0
// Scrambled Sobol points: as even as a grid in every pair of dimensions, for any number of trials.
//
// Source: Sobol 1967; direction numbers of Joe, Kuo 2008 (Boost.Random); nested uniform scrambling
// of Owen 1995, "Randomly permuted (t,m,s)-nets and (t,s)-sequences".
// Differs from Owen in: the first 32 binary digits are permuted digit by digit, the others are
// random, which for fewer than 2^32 points is the same distribution.
// Differs from Katib's (goptuna) in: scrambled by the seed; distributions are honoured; the point
// at zero is part of the sequence, without which the first 2^k points are no net.
#include <algorithm>
#include <boost/random/sobol.hpp>
#include <utility>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/rng.h"

namespace hone {
namespace {

using Engine = boost::random::sobol_engine<std::uint32_t, 32>;

constexpr unsigned kDigits = 32;
// One random word serves a subtree of this many levels: 2^5 - 1 nodes, one bit each.
constexpr unsigned kLevels = 5;
constexpr unsigned kLastLevel = 30;  // the last subtree has two levels
constexpr std::uint64_t kMaxIndex = (std::uint64_t{1} << kDigits) - 1;
constexpr std::size_t kMaxDimensions = boost::random::default_sobol_table::max_dimension;

/// Digits of one coordinate, scrambled down to some level.
struct Digits {
  std::uint32_t scrambled = 0;
  std::uint32_t node = 1;  // where the last subtree was left, in heap order
};

/// Flips the digits of one subtree: each by the random bit of the node that the digits before it
/// lead to.
Digits FlipSubtree(Digits so_far, std::uint32_t digits, unsigned level, std::uint32_t flips) {
  so_far.node = 1;
  for (unsigned k = level; k < std::min(level + kLevels, kDigits); ++k) {
    const unsigned shift = kDigits - 1 - k;
    const std::uint32_t digit = (digits >> shift) & 1U;
    so_far.scrambled |= (digit ^ ((flips >> so_far.node) & 1U)) << shift;
    so_far.node = 2 * so_far.node + digit;
  }
  return so_far;
}

/// Owen's nested uniform scrambling of one coordinate: digit k is flipped by a random bit that
/// belongs to the digits before it. @returns a number in [0, 1) with 53 bits
double Scrambled(std::uint32_t digits, std::uint64_t seed, std::uint32_t dimension) {
  const auto stream = [&](unsigned level) {
    const std::uint32_t prefix = level == 0 ? 0 : digits >> (kDigits - level);
    return Rng(seed, Scope{Scope::Kind::kExperiment, dimension}, Purpose::kScramble,
               (std::uint32_t{1} << level) | prefix);
  };
  Digits result;
  for (unsigned level = 0; level < kLastLevel; level += kLevels) {
    result = FlipSubtree(result, digits, level, stream(level)());
  }
  Rng last = stream(kLastLevel);
  result = FlipSubtree(result, digits, kLastLevel, last());
  // The node is the leaf below the last two digits now; each of the four has its own tail.
  std::uint32_t tail = 0;
  for (std::uint32_t i = 0; i <= result.node % 4; ++i) {
    tail = last();
  }
  constexpr unsigned kTailDigits = 21;
  const std::uint64_t all =
      (std::uint64_t{result.scrambled} << kTailDigits) | (tail >> (kDigits - kTailDigits));
  return static_cast<double>(all) * 0x1p-53;
}

/// State: the place in the sequence after the points used so far: one for each trial proposed, and
/// the infeasible ones before it.
class Sobol final : public Searcher {
 public:
  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
    if (context.space.parameters.size() > kMaxDimensions) {
      return Fail(Code::kInvalidArgument, TooMany(context.space.parameters.size()),
                  "spec.parameters");
    }
    HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
    return std::unique_ptr<Searcher>(
        new Sobol(std::move(encoder), SeedOf(context.settings, context.seed),
                  static_cast<std::uint64_t>(context.settings.Int("skip"))));
  }

  static void Check(const SearchContext& context, Problems& problems) {
    if (context.space.parameters.size() > kMaxDimensions) {
      problems.Refuse("spec.parameters", TooMany(context.space.parameters.size()));
    }
  }

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      if (std::holds_alternative<history::Proposed>(item.what)) {
        next_ = encoder_.space().constraints.empty() ? next_ + 1 : AfterNextFeasible();
      }
    }
    return {};
  }

  [[nodiscard]] bool AnswersAtOnce() const override { return encoder_.space().constraints.empty(); }

  [[nodiscard]] Result<std::vector<Proposal>> Propose(
      const ProposeRequest& request) const override {
    Engine engine = engine_;  // its position is the only thing that changes
    std::vector<Proposal> answers;
    std::uint64_t index = next_;
    for (std::size_t i = 0; i < request.numbers.size(); ++i, ++index) {
      HONE_ASSIGN_OR_RETURN(Assignment values, NextFeasible(engine, index));
      if (index >= kMaxIndex) {
        answers.emplace_back(proposal::Exhausted{"the Sobol sequence of 2^32 points is used up"});
        continue;
      }
      proposal::Start start;
      start.values = std::move(values);
      answers.emplace_back(std::move(start));
    }
    return answers;
  }

 private:
  Sobol(SpaceEncoder encoder, std::uint64_t seed, std::uint64_t skip)
      : encoder_(std::move(encoder)),
        engine_(std::max<std::size_t>(encoder_.dimensions(), 1)),
        seed_(seed),
        next_(skip) {}

  static std::string TooMany(std::size_t count) {
    return "sobol has points for at most " + std::to_string(kMaxDimensions) + " parameters, not " +
           std::to_string(count) + "; use random";
  }

  /// The first feasible point from `index` on, and its index; none at the end of the sequence.
  Result<Assignment> NextFeasible(Engine& engine, std::uint64_t& index) const {
    for (const std::uint64_t end = index + kMostDraws; index < end; ++index) {
      if (index >= kMaxIndex) {
        return Assignment();
      }
      Assignment values = encoder_.Decode(PointAt(engine, static_cast<std::uint32_t>(index)));
      if (encoder_.space().Feasible(values)) {
        return values;
      }
    }
    return NothingFeasible("none of the next " + std::to_string(kMostDraws) + " Sobol points");
  }

  [[nodiscard]] std::uint64_t AfterNextFeasible() const {
    Engine engine = engine_;
    std::uint64_t used = next_;
    // Without a feasible point there, the trial was proposed by somebody else.
    return (NextFeasible(engine, used) ? used : next_) + 1;
  }

  std::vector<double> PointAt(Engine& engine, std::uint32_t index) const {
    if (index > 0) {
      engine.seed(index - 1);  // Boost leaves the point at zero out
    }
    std::vector<double> u(encoder_.dimensions());
    for (std::size_t d = 0; d < u.size(); ++d) {
      const std::uint32_t digits = index > 0 ? engine() : 0;
      u[d] = encoder_.FromUniform(d, Scrambled(digits, seed_, static_cast<std::uint32_t>(d)));
    }
    return u;
  }

  SpaceEncoder encoder_;
  Engine engine_;
  std::uint64_t seed_;
  std::uint64_t next_;
};

HONE_REGISTER_SEARCHER(
    sobol, {.summary = "scrambled Sobol points, which fill the space evenly",
            .source = "Sobol 1967; Joe & Kuo 2008; Owen 1995",
            .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions | kParallel |
                        kConditional | kMultiObjective | kConstrained,
            .settings = {RandomStateSetting(),
                         IntSetting("skip", 0, {.min = 0, .max = 1e9},
                                    "points to leave out at the start of the sequence")},
            .ignores_unknown_settings = true,
            .create = &Sobol::Create,
            .check = &Sobol::Check});

}  // namespace
}  // namespace hone
