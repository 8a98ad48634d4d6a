// SPDX-License-Identifier: Apache-2.0
// Time of whole searches by tpe and multivariate-tpe from empty, one trial after the other, over
// real numbers: what asking and telling cost, without an engine.
//   build/benchmarks/tpe_ask
// Arguments: trials, dimensions. Processor time, since others may use the machine.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/check.h"

namespace hone {
namespace {

double LossOf(const Assignment& values) {
  double sum = 0;
  for (const auto& value : values) {
    const double x = std::stod(value.text) - 0.3;
    sum += x * x;
  }
  return sum;
}

void Search(benchmark::State& state, const std::string& algorithm) {
  ExperimentSpec spec;
  for (int d = 0; d < static_cast<int>(state.range(1)); ++d) {
    spec.space.parameters.push_back({"x" + std::to_string(d), RealDomain{0, 1, {}, {}}, {}, {}});
  }
  spec.algorithm.name = algorithm;
  Problems problems;
  const auto choice = CheckAlgorithm(spec, problems);
  if (!choice) {
    std::abort();
  }
  for ([[maybe_unused]] const auto _ : state) {
    const std::unique_ptr<Searcher> searcher =
        std::move(*choice->info->create(ContextOf(spec, choice->settings, 1)));
    std::uint64_t seq = 0;
    for (TrialNumber n = 1; n <= static_cast<TrialNumber>(state.range(0)); ++n) {
      const Assignment values =
          std::get<proposal::Start>(searcher->Propose({{n}, std::nullopt})->at(0)).values;
      const double loss = LossOf(values);
      const HistoryItem items[] = {{++seq, history::Proposed{n, values, "", std::nullopt}},
                                   {++seq, history::Completed{n, {loss}, std::chrono::seconds(1)}}};
      if (!searcher->Observe(items)) {
        std::abort();
      }
    }
  }
}
BENCHMARK_CAPTURE(Search, multivariate, "multivariate-tpe")
    ->Args({1000, 10})
    ->Args({10000, 40})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Search, univariate, "tpe")
    ->Args({1000, 10})
    ->Args({10000, 40})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hone

BENCHMARK_MAIN();
