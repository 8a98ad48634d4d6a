// SPDX-License-Identifier: Apache-2.0
// Processor time of one generation of the evolution strategy: lambda points drawn, ranked and
// learned from; the argument is the dimension. Populations of default size on an ellipsoid.
//   build/benchmarks/cma_generation
// benchmarks/speed/peer_cma.py measures the same of cmaes and pycma.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "algorithms/cma/strategy.h"

namespace hone::cma {
namespace {

using Eigen::Index;

double Ellipsoid(const auto& x) {
  const auto last = static_cast<double>(x.size() - 1);
  double sum = 0;
  for (Index i = 0; i < x.size(); ++i) {
    sum += (1 + 1e3 * static_cast<double>(i) / last) * x[i] * x[i];
  }
  return sum;
}

void Generation(benchmark::State& state, bool separable) {
  Strategy strategy(Eigen::VectorXd::Ones(state.range(0)), {.sigma = 0.3, .separable = separable});
  const Index lambda = strategy.parameters().lambda;
  const std::vector<bool> none(static_cast<std::size_t>(lambda), false);
  std::uint32_t generation = 0;
  for ([[maybe_unused]] const auto _ : state) {
    Eigen::MatrixXd drawn(state.range(0), lambda);
    std::vector<double> values;
    for (Index i = 0; i < lambda; ++i) {
      Rng rng(1, {Scope::Kind::kGeneration, generation}, Purpose::kSample,
              static_cast<std::uint32_t>(i));
      drawn.col(i) = strategy.Sample(rng);
      values.push_back(Ellipsoid(drawn.col(i)));
    }
    ++generation;
    std::vector<Index> order(values.size());
    std::iota(order.begin(), order.end(), Index{0});
    std::ranges::sort(order, {}, [&](Index i) { return values[static_cast<std::size_t>(i)]; });
    strategy.Update(drawn(Eigen::all, order), none);
  }
}
BENCHMARK_CAPTURE(Generation, full, false)
    ->Arg(10)
    ->Arg(100)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Generation, separable, true)
    ->Arg(10)
    ->Arg(100)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hone::cma

BENCHMARK_MAIN();
