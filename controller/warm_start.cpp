// SPDX-License-Identifier: Apache-2.0
#include "controller/warm_start.h"

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "controller/read_state.h"
#include "core/warm_start.h"

namespace hone {
namespace {

/// More than are taken, because some may not fit.
constexpr std::size_t kLookedAt = 10'000;

}  // namespace

Result<ExperimentSpec> TakeWarmStart(Store& store, const ExperimentSpec& spec) {
  std::vector<std::vector<EarlierTrial>> sources;
  for (const std::string& name : spec.warm_start->experiments) {
    const auto row = store.FindExperiment(spec.name_space, name);
    if (!row.has_value() && row.error().code == Code::kNotFound) {
      const std::string index = std::to_string(sources.size());
      return Fail(Code::kNotFound,
                  "there is no experiment " + Quoted(name) + " in the namespace " +
                      spec.name_space + " here; see `hone list`",
                  "spec.warmStart.experiments[" + index + "]");
    }
    HONE_RETURN_IF_ERROR(row);
    HONE_ASSIGN_OR_RETURN(const ExperimentState state, ReadState(store, row->id));
    sources.push_back(BestTrials(state, kLookedAt));
  }
  return WithWarmStart(spec, sources);
}

}  // namespace hone
