// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/insight_api.h"

#include <utility>

#include "algorithms/importance.h"
#include "api/server/daemon/experiments_api.h"
#include "api/server/daemon/known_states.h"
#include "controller/read_state.h"
#include "core/history.h"

namespace hone::daemon {
namespace {

constexpr int kMostWaiting = 16;

Result<ImportanceMethod> MethodOf(const std::string& word) {
  if (word.empty() || word == "fanova") {
    return ImportanceMethod::kFanova;
  }
  if (word == "ped-anova") {
    return ImportanceMethod::kPedAnova;
  }
  return Fail(Code::kInvalidArgument, "must be fanova or ped-anova", "method");
}

/// The trials that are over, as the search algorithm was told of them.
Result<std::vector<PastTrial>> TrialsOf(Ledger& ledger, const ExperimentId& id,
                                        const ExperimentSpec& spec) {
  HONE_ASSIGN_OR_RETURN(const std::vector<Recorded> events, ReadLedger(ledger, id));
  std::vector<HistoryItem> history;
  for (const Recorded& recorded : events) {
    if (std::optional<HistoryItem> item = ToHistory(spec, recorded)) {
      history.push_back(*std::move(item));
    }
  }
  return PastTrials(history);
}

pb::ImportanceResponse ResponseOf(const Space& space, const ImportanceReport& report) {
  pb::ImportanceResponse out;
  for (const ImportanceReport::Row& row : report.rows) {
    pb::ParameterImportance& parameter = *out.add_parameters();
    parameter.set_parameter(space.parameters[row.parameter].name);
    parameter.set_importance(row.importance.mean);
    parameter.set_spread(row.importance.spread);
    if (row.total) {
      parameter.set_total(row.total->mean);
      parameter.set_total_spread(row.total->spread);
    }
  }
  out.set_trials(static_cast<std::int64_t>(report.trials));
  out.set_failed(static_cast<std::int64_t>(report.infeasible));
  out.set_stopped(static_cast<std::int64_t>(report.stopped));
  out.set_best(static_cast<std::int64_t>(report.best));
  if (report.interactions) {
    out.set_interactions(report.interactions->mean);
    out.set_interactions_spread(report.interactions->spread);
  }
  if (report.explained) {
    out.set_explained(*report.explained);
  }
  return out;
}

}  // namespace

Result<pb::ImportanceResponse> InsightApi::ImportanceNow(const pb::ImportanceRequest& request) {
  HONE_ASSIGN_OR_RETURN(const ImportanceMethod method, MethodOf(request.method()));
  HONE_ASSIGN_OR_RETURN(
      const ExperimentRow row,
      parts_.store.FindExperiment(NamespaceOf(request.namespace_()), request.name()));
  std::shared_ptr<const ExperimentSpec> spec;  // shared with the state that is kept
  std::uint64_t seed = 0;
  HONE_RETURN_IF_ERROR(parts_.states.With(row.id, [&](const ExperimentState& state) {
    spec = state.spec;
    seed = state.seed;
  }));
  HONE_ASSIGN_OR_RETURN(const auto trials, TrialsOf(parts_.store, row.id, *spec));
  HONE_ASSIGN_OR_RETURN(const auto report, ImportanceOf(spec->space, trials, method, seed));
  pb::ImportanceResponse out = ResponseOf(spec->space, report);
  out.set_method(method == ImportanceMethod::kFanova ? "fanova" : "ped-anova");
  return out;
}

void InsightApi::Importance(const pb::ImportanceRequest& request,
                            const Answer<pb::ImportanceResponse>& answer) {
  if (waiting_.fetch_add(1) >= kMostWaiting) {
    --waiting_;
    return answer(Fail(Code::kResourceExhausted, "others wait for this already; ask again later"));
  }
  parts_.compute.Post([this, request, answer] {
    auto response = ImportanceNow(request);
    --waiting_;
    answer(std::move(response));
  });
}

}  // namespace hone::daemon
