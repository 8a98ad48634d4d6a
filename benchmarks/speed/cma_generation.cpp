// SPDX-License-Identifier: Apache-2.0
// Processor time of one generation of the evolution strategy: lambda points drawn, ranked and
// learned from; the argument is the dimension. Populations of default size on an ellipsoid.
//   build/benchmarks/cma_generation
// Beside each: its limit, what it cannot do without. That is as many normal numbers, with one pass
// over them to make points and another to learn, and for a full covariance the product of the
// points with a matrix and a symmetric update of their rank.
// benchmarks/speed/peer_cma.py measures generations of cmaes and pycma.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "algorithms/cma/normals.h"
#include "algorithms/cma/strategy.h"

namespace hone::cma {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd EllipsoidWeights(Index d) {
  return VectorXd::LinSpaced(d, 1, 1 + 1e3);
}

void Generation(benchmark::State& state, bool separable) {
  Strategy strategy(VectorXd::Ones(state.range(0)), {.sigma = 0.3, .separable = separable});
  const VectorXd weights = EllipsoidWeights(state.range(0));
  const Index lambda = strategy.parameters().lambda;
  const std::vector<bool> none(static_cast<std::size_t>(lambda), false);
  std::uint32_t generation = 0;
  for ([[maybe_unused]] const auto _ : state) {
    MatrixXd drawn(state.range(0), lambda);
    std::vector<double> values;
    for (Index i = 0; i < lambda; ++i) {
      Rng rng(1, {Scope::Kind::kGeneration, generation}, Purpose::kSample,
              static_cast<std::uint32_t>(i));
      drawn.col(i) = strategy.Sample(rng);
      values.push_back(weights.dot(drawn.col(i).cwiseAbs2()));
    }
    ++generation;
    std::vector<Index> order(values.size());
    std::iota(order.begin(), order.end(), Index{0});
    std::ranges::sort(order, {}, [&](Index i) { return values[static_cast<std::size_t>(i)]; });
    strategy.Update(drawn(Eigen::all, order), none);
  }
}

void Limit(benchmark::State& state, bool separable) {
  const Index d = state.range(0);
  const Index lambda = DefaultParameters(d, 0, separable).lambda;
  MatrixXd drawn(d, lambda);
  VectorXd point = VectorXd::Ones(d);
  const VectorXd scale = VectorXd::Constant(d, 0.3);
  MatrixXd covariance = separable ? MatrixXd() : MatrixXd::Identity(d, d);
  std::uint32_t generation = 0;
  for ([[maybe_unused]] const auto _ : state) {
    for (Index i = 0; i < lambda; ++i) {
      Rng rng(1, {Scope::Kind::kGeneration, generation}, Purpose::kSample,
              static_cast<std::uint32_t>(i));
      FillNormals(rng, {drawn.col(i).data(), static_cast<std::size_t>(d)});
      drawn.col(i) = point + scale.cwiseProduct(drawn.col(i));
    }
    ++generation;
    if (!separable) {
      const MatrixXd product = covariance.triangularView<Eigen::Lower>() * drawn;
      benchmark::DoNotOptimize(product.data());
      covariance.selfadjointView<Eigen::Lower>().rankUpdate(drawn, 1e-9);
    }
    for (Index i = 0; i < lambda; ++i) {
      point += 1e-9 * drawn.col(i);
    }
    benchmark::DoNotOptimize(point.data());
  }
}

void Arguments(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(Generation, full, false)->Apply(Arguments);
BENCHMARK_CAPTURE(Limit, full, false)->Apply(Arguments);
BENCHMARK_CAPTURE(Generation, separable, true)->Apply(Arguments);
BENCHMARK_CAPTURE(Limit, separable, true)->Apply(Arguments);

}  // namespace
}  // namespace hone::cma

BENCHMARK_MAIN();
