// SPDX-License-Identifier: Apache-2.0
// Time of one answer of bayesianoptimization in 10 dimensions, defaults, refits included, beside
// the linear algebra that one answer cannot do without.
//   build/benchmarks/gp_ask
// "asks" reports processor time (an answer has one thread; others on the machine do not count): the
// mean over the answers between two counts of results, the median, the 99th percentile and the
// largest; "bare" one Cholesky factorisation, "candidates" the triangular solve
// for as many columns as an answer's candidates.
#include <benchmark/benchmark.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/check.h"
#include "base/rng.h"

namespace hone {
namespace {

constexpr int kDimensions = 10;

struct Experiment {
  ExperimentSpec spec;
  std::unique_ptr<Searcher> searcher;
  TrialNumber next = 1;
  std::uint64_t seq = 0;

  Experiment() {
    for (int d = 0; d < kDimensions; ++d) {
      spec.space.parameters.push_back({"x" + std::to_string(d), RealDomain{0, 1, {}, {}}, {}, {}});
    }
    spec.algorithm.name = "bayesianoptimization";
    Problems problems;
    const auto choice = CheckAlgorithm(spec, problems);
    if (!choice) {
      std::abort();
    }
    searcher = std::move(*choice->info->create(ContextOf(spec, choice->settings, 1)));
  }

  void Finish(const Assignment& values) {
    double sum = 0;
    for (std::size_t d = 0; d < values.size(); ++d) {
      const double x = std::stod(values[d].text);
      sum += (x - 0.3) * (x - 0.3) * static_cast<double>(d + 1) + 0.1 * std::sin(20 * x);
    }
    const HistoryItem items[] = {{++seq, history::Proposed{next, values, "", std::nullopt}},
                                 {++seq, history::Completed{next, {sum}, std::chrono::seconds(1)}}};
    if (!searcher->Observe(items)) {
      std::abort();
    }
    ++next;
  }

  Assignment Ask() {
    return std::get<proposal::Start>(searcher->Propose({{next}, std::nullopt})->at(0)).values;
  }

  /// Random results, the better part of them near the optimum as in a real run.
  void FillTo(int count) {
    while (static_cast<int>(next) <= count) {
      Rng rng(2, Scope::Trial(next), Purpose::kSimulation);
      const double width = rng.Uniform();
      Assignment values;
      for (int d = 0; d < kDimensions; ++d) {
        const double x = std::clamp(0.3 + 0.7 * width * (rng.Uniform() - 0.4), 0.0, 1.0);
        values.push_back({std::to_string(x), true});
      }
      Finish(values);
    }
  }
};

void Asks(benchmark::State& state) {
  const auto from = static_cast<int>(state.range(0));
  const auto to = static_cast<int>(state.range(1));
  std::vector<double> times;
  for ([[maybe_unused]] const auto _ : state) {
    Experiment experiment;
    experiment.FillTo(from - 1);
    while (static_cast<int>(experiment.next) <= to) {
      const std::clock_t start = std::clock();
      const Assignment values = experiment.Ask();
      times.push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
      experiment.Finish(values);
    }
  }
  std::ranges::sort(times);
  double sum = 0;
  for (const double time : times) {
    sum += time;
  }
  state.counters["mean_ms"] = 1e3 * sum / static_cast<double>(times.size());
  state.counters["median_ms"] = 1e3 * times[times.size() / 2];
  state.counters["p99_ms"] = 1e3 * times[(times.size() * 99) / 100];
  state.counters["most_ms"] = 1e3 * times.back();
}
BENCHMARK(Asks)
    ->Args({80, 120})
    ->Args({200, 222})
    ->Args({980, 1040})
    ->Args({9960, 10020})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

Eigen::MatrixXd Kernel(Eigen::Index n) {
  Eigen::MatrixXd kernel = Eigen::MatrixXd::Constant(n, n, 0.5);
  kernel.diagonal().array() += 0.5;
  return kernel;
}

void Cholesky(benchmark::State& state) {
  const Eigen::MatrixXd kernel = Kernel(state.range(0));
  for ([[maybe_unused]] const auto _ : state) {
    benchmark::DoNotOptimize(Eigen::LLT<Eigen::MatrixXd>(kernel).matrixLLT().data());
  }
}
BENCHMARK(Cholesky)->Arg(100)->Arg(300)->Arg(500)->Unit(benchmark::kMillisecond);

void CandidateSolve(benchmark::State& state) {
  const Eigen::LLT<Eigen::MatrixXd> llt(Kernel(state.range(0)));
  Eigen::MatrixXd columns = Eigen::MatrixXd::Ones(state.range(0), state.range(1));
  for ([[maybe_unused]] const auto _ : state) {
    llt.matrixL().solveInPlace(columns);
    benchmark::DoNotOptimize(columns.data());
  }
}
BENCHMARK(CandidateSolve)->Args({100, 632})->Args({500, 632})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hone

BENCHMARK_MAIN();
