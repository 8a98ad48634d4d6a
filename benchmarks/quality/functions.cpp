// SPDX-License-Identifier: Apache-2.0
// Simple regret of searchers on named functions, seed by seed.
//   build/benchmarks/quality_functions [trials] [seeds] [algorithm[:setting=value[,...]] ...]
// Prints median and quartiles of (best value - optimum) for each function and algorithm.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "algorithms/check.h"

namespace hone {
namespace {

using Numbers = std::vector<double>;

struct Task {
  std::string name;
  Space space;
  std::function<double(const Numbers& x, std::uint64_t seed)> value;  ///< optimum 0
};

Parameter Real(const std::string& name, double low, double high,
               Distribution distribution = Distribution::kUniform) {
  return {name, RealDomain{low, high, std::nullopt, distribution}, std::nullopt, std::nullopt};
}
Parameter Whole(const std::string& name, std::int64_t low, std::int64_t high) {
  return {name, IntegerDomain{low, high, 1, Distribution::kUniform}, std::nullopt, std::nullopt};
}
Parameter Words(const std::string& name, std::vector<std::string> choices) {
  return {name, CategoricalDomain{std::move(choices)}, std::nullopt, std::nullopt};
}
Space Box(int dimensions, double low, double high) {
  Space space;
  for (int d = 0; d < dimensions; ++d) {
    space.parameters.push_back(Real("x" + std::to_string(d), low, high));
  }
  return space;
}

/// Where a seed has the optimum, in the inner part of the unit cube: an even sequence that is easy
/// to repeat in another language.
Numbers Shift(std::size_t dimensions, std::uint64_t seed) {
  Numbers shift(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) {
    const double x = static_cast<double>(seed) * 0.6180339887498949 +
                     static_cast<double>((seed + 3) * (d + 1)) * 0.7548776662466927;
    shift[d] = 0.1 + 0.8 * (x - std::floor(x));
  }
  return shift;
}

double Branin(const Numbers& v, std::uint64_t /*seed*/) {
  constexpr double pi = std::numbers::pi;
  const double a = v[1] - 5.1 / (4 * pi * pi) * v[0] * v[0] + 5 / pi * v[0] - 6;
  return a * a + 10 * (1 - 1 / (8 * pi)) * std::cos(v[0]) + 10 - 0.39788735772973816;
}

double Hartmann6(const Numbers& v, std::uint64_t /*seed*/) {
  constexpr double kA[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                               {0.05, 10, 17, 0.1, 8, 14},
                               {3, 3.5, 1.7, 10, 17, 8},
                               {17, 8, 0.05, 10, 0.1, 14}};
  constexpr double kP[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                               {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                               {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                               {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  constexpr double kC[4] = {1, 1.2, 3, 3.2};
  double sum = 3.3223680114155;
  for (int i = 0; i < 4; ++i) {
    double inner = 0;
    for (std::size_t j = 0; j < 6; ++j) {
      inner += kA[i][j] * (v[j] - kP[i][j]) * (v[j] - kP[i][j]);
    }
    sum -= kC[i] * std::exp(-inner);
  }
  return sum;
}

double Ackley(const Numbers& v, std::uint64_t seed) {
  const Numbers shift = Shift(v.size(), seed);
  double squares = 0;
  double waves = 0;
  for (std::size_t d = 0; d < v.size(); ++d) {
    const double x = v[d] - (65.536 * shift[d] - 32.768);
    squares += x * x;
    waves += std::cos(2 * std::numbers::pi * x);
  }
  const auto n = static_cast<double>(v.size());
  return -20 * std::exp(-0.2 * std::sqrt(squares / n)) - std::exp(waves / n) + 20 + std::numbers::e;
}

/// Rosenbrock of two reals and two integers, and a category that tilts it.
double MixedRosenbrock(const Numbers& v, std::uint64_t /*seed*/) {
  double sum = 0;
  for (std::size_t d = 0; d + 1 < 4; ++d) {
    sum += 100 * std::pow(v[d + 1] - v[d] * v[d], 2) + std::pow(1 - v[d], 2);
  }
  constexpr double kTilt[4] = {50, 0, 20, 5};
  return sum + kTilt[static_cast<int>(v[4])] * (1 + 0.1 * v[0] * v[0]);
}

/// A tuning task's shape: log-scaled rate, width, depth, dropout, optimiser, failing corner.
double Tuning(const Numbers& v, std::uint64_t seed) {
  const Numbers shift = Shift(5, seed);
  const double rate = (std::log10(v[0]) + 5) / 5 - shift[0];
  const double width = std::log2(v[1] / 8) / 7 - shift[1];
  const double depth = (v[2] - 1) / 7 - shift[2];
  const double drop = v[3] / 0.8 - shift[3];
  constexpr double kOptimiser[3] = {0.02, 0.0, 0.08};
  const double interaction = rate + (v[4] == 2 ? 0.3 : 0.0);
  return 1 -
         std::exp(-12 * interaction * interaction - 1.5 * width * width -
                  1.0 * depth * depth * (1 + rate * rate) - 0.5 * drop * drop) +
         kOptimiser[static_cast<int>(v[4])];
}

std::vector<Task> Tasks() {
  return {{"branin", {{Real("x", -5, 10), Real("y", 0, 15)}}, Branin},
          {"hartmann6", Box(6, 0, 1), Hartmann6},
          {"ackley5", Box(5, -32.768, 32.768), Ackley},
          {"rosenbrock-mixed",
           {{Real("a", -2, 2), Real("b", -2, 2), Whole("c", -2, 2), Whole("d", -2, 4),
             Words("e", {"p", "q", "r", "s"})}},
           MixedRosenbrock},
          {"tuning",
           {{Real("rate", 1e-5, 1, Distribution::kLogUniform),
             {"width", IntegerDomain{8, 1024, 1, Distribution::kLogUniform}, {}, {}},
             Whole("depth", 1, 8),
             Real("dropout", 0, 0.8),
             Words("optimiser", {"a", "b", "c"})}},
           Tuning}};
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "quality_functions: %s\n", why.c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): there is one thread
}

double Regret(const Task& task, const std::string& algorithm, int trials, std::uint64_t seed) {
  ExperimentSpec spec;
  spec.name = task.name;
  spec.space = task.space;
  spec.max_trial_count = trials;
  spec.algorithm.name = algorithm.substr(0, algorithm.find(':'));
  for (std::size_t at = algorithm.find(':'); at != std::string::npos;) {
    const std::size_t end = algorithm.find(',', at + 1);
    const std::string pair = algorithm.substr(at + 1, end - at - 1);
    spec.algorithm.settings.push_back(
        {pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1)});
    at = end;
  }
  Problems problems;
  const auto choice = CheckAlgorithm(spec, problems);
  if (!choice || problems.HasErrors()) {
    Die("experiment refused: " + algorithm);
  }
  auto searcher = choice->info->create(ContextOf(spec, choice->settings, seed));
  if (!searcher) {
    Die(searcher.error().message);
  }
  double best = std::numeric_limits<double>::infinity();
  for (TrialNumber trial = 1; trial <= static_cast<TrialNumber>(trials); ++trial) {
    const auto left = static_cast<std::uint32_t>(trials) - trial + 1;
    const auto answers = (*searcher)->Propose({{trial}, left});
    const auto* start = answers ? std::get_if<proposal::Start>(&answers->at(0)) : nullptr;
    if (start == nullptr) {
      break;
    }
    Numbers numbers;
    for (std::size_t p = 0; p < start->values.size(); ++p) {
      numbers.push_back(
          NumberOf(task.space.parameters[p].domain, start->values[p].text).value_or(0));
    }
    const double value = task.value(numbers, seed);
    best = std::min(best, value);
    const HistoryItem items[] = {
        {2 * Version{trial} - 1, history::Proposed{trial, start->values, start->tag, std::nullopt}},
        {2 * Version{trial}, history::Completed{trial, {value}, std::chrono::seconds(1)}}};
    if (!(*searcher)->Observe(items)) {
      Die("Observe failed");
    }
  }
  return best;
}

/// One line of the table.
void Judge(const Task& task, const std::string& algorithm, int trials, int seeds) {
  const auto start = std::chrono::steady_clock::now();
  Numbers regrets;
  for (int seed = 1; seed <= seeds; ++seed) {
    regrets.push_back(Regret(task, algorithm, trials, static_cast<std::uint64_t>(seed)));
  }
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  std::ranges::sort(regrets);
  const auto at = [&](double q) {
    return regrets[static_cast<std::size_t>(q * (static_cast<double>(seeds) - 1))];
  };
  std::printf("%-18s %-36s %12.5g %12.5g %12.5g %8.2f\n", task.name.c_str(), algorithm.c_str(),
              at(0.25), at(0.5), at(0.75), taken.count() / (seeds * trials));
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  const int trials = argc > 1 ? std::atoi(argv[1]) : 64;
  const int seeds = argc > 2 ? std::atoi(argv[2]) : 10;
  std::vector<std::string> algorithms(argv + std::min(argc, 3), argv + argc);
  if (algorithms.empty()) {
    algorithms = {"random", "sobol", "multivariate-tpe", "bayesianoptimization"};
  }
  std::printf("%-18s %-36s %12s %12s %12s %8s\n", "function", "algorithm", "quartile", "median",
              "quartile", "ms/ask");
  for (const Task& task : Tasks()) {
    for (const std::string& algorithm : algorithms) {
      Judge(task, algorithm, trials, seeds);
    }
  }
  return 0;
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  return hone::Main(argc, argv);
}
