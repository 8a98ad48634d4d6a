// SPDX-License-Identifier: Apache-2.0
// Time of whole searches by tpe and multivariate-tpe from empty, one trial after the other, over
// real numbers: what asking and telling cost, without an engine. Beside it the time of what no
// estimator of kernels can leave out: for each ask one product of a matrix of components by one of
// candidates.
//   build/benchmarks/tpe_ask
// Arguments: trials, dimensions, most components of a density. Processor time, since others may use
// the machine. The peer: peer_rustuna.py.
#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/check.h"

namespace hone {
namespace {

constexpr Eigen::Index kCandidates = 24;  // the default of n_ei_candidates

double LossOf(const Assignment& values) {
  double sum = 0;
  for (const auto& value : values) {
    const double x = std::stod(value.text) - 0.3;
    sum += x * x;
  }
  return sum;
}

double ProcessorMilliseconds() {
  return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Of the products alone. @returns milliseconds
double TimeOfProducts(Eigen::Index trials, Eigen::Index dimensions, Eigen::Index most) {
  const Eigen::MatrixXd components = Eigen::MatrixXd::Random(std::min(trials, most), dimensions);
  const Eigen::MatrixXd candidates = Eigen::MatrixXd::Random(dimensions, kCandidates);
  Eigen::MatrixXd product(components.rows(), kCandidates);
  const double begin = ProcessorMilliseconds();
  for (Eigen::Index n = 1; n <= trials; ++n) {
    const Eigen::Index used = std::min(n, most);
    product.topRows(used).noalias() = components.topRows(used) * candidates;
    benchmark::DoNotOptimize(product.data());
  }
  return ProcessorMilliseconds() - begin;
}

std::unique_ptr<Searcher> Make(const std::string& algorithm, int dimensions, int most) {
  ExperimentSpec spec;
  for (int d = 0; d < dimensions; ++d) {
    spec.space.parameters.push_back({"x" + std::to_string(d), RealDomain{0, 1, {}, {}}, {}, {}});
  }
  spec.algorithm.name = algorithm;
  spec.algorithm.settings = {{"max_components", std::to_string(most)}};
  Problems problems;
  const auto choice = CheckAlgorithm(spec, problems);
  if (!choice) {
    std::abort();
  }
  return std::move(*choice->info->create(ContextOf(spec, choice->settings, 1)));
}

void Search(benchmark::State& state, const std::string& algorithm) {
  const auto trials = static_cast<TrialNumber>(state.range(0));
  double spent = 0;
  for ([[maybe_unused]] const auto _ : state) {
    const double begin = ProcessorMilliseconds();
    const auto searcher =
        Make(algorithm, static_cast<int>(state.range(1)), static_cast<int>(state.range(2)));
    std::uint64_t seq = 0;
    for (TrialNumber n = 1; n <= trials; ++n) {
      const Assignment values =
          std::get<proposal::Start>(searcher->Propose({{n}, std::nullopt})->at(0)).values;
      const double loss = LossOf(values);
      const HistoryItem items[] = {{++seq, history::Proposed{n, values, "", std::nullopt}},
                                   {++seq, history::Completed{n, {loss}, std::chrono::seconds(1)}}};
      if (!searcher->Observe(items)) {
        std::abort();
      }
    }
    spent += ProcessorMilliseconds() - begin;
  }
  const double products = TimeOfProducts(state.range(0), state.range(1), state.range(2));
  state.counters["products_ms"] = products;
  state.counters["ratio"] = spent / static_cast<double>(state.iterations()) / products;
}

void Sizes(benchmark::internal::Benchmark* search) {
  search->Args({1000, 10, 512})
      ->Args({1000, 10, 1000})  // none is merged, as the peers do
      ->Args({10000, 40, 512})
      ->Args({10000, 40, 2048})
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(Search, multivariate, "multivariate-tpe")->Apply(Sizes);
BENCHMARK_CAPTURE(Search, univariate, "tpe")->Apply(Sizes);

}  // namespace
}  // namespace hone

BENCHMARK_MAIN();
