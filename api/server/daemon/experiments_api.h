// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/proto/hone/v1/hone.pb.h"
#include "api/server/daemon/parts.h"

namespace hone::daemon {

namespace pb = ::hone::v1;

/// The calls of hone.v1.Experiments, Trials and Algorithms that are answered once.
/// @threads  safe; a call may block on the store, so it belongs on Parts::readers
class ExperimentsApi {
 public:
  explicit ExperimentsApi(const Parts& parts) : parts_(parts) {}

  /// @param caller  of its namespaces are those that it sees and makes experiments in
  void Create(const pb::CreateExperimentRequest& request, const Caller& caller,
              Answer<pb::Experiment> answer);
  void Get(const pb::GetExperimentRequest& request, const Answer<pb::Experiment>& answer);
  void List(const pb::ListExperimentsRequest& request, const Caller& caller,
            const Answer<pb::ListExperimentsResponse>& answer);
  void Events(const pb::GetEventsRequest& request, const Answer<pb::GetEventsResponse>& answer);
  void Stop(const pb::StopExperimentRequest& request, Answer<pb::Experiment> answer);
  void Resume(const pb::ResumeExperimentRequest& request, Answer<pb::Experiment> answer);
  void EditBudget(const pb::EditBudgetRequest& request, Answer<pb::Experiment> answer);
  void Delete(const pb::DeleteExperimentRequest& request,
              Answer<pb::DeleteExperimentResponse> answer);

  void ListTrials(const pb::ListTrialsRequest& request,
                  const Answer<pb::ListTrialsResponse>& answer);
  void GetTrial(const pb::GetTrialRequest& request, const Answer<pb::Trial>& answer);
  void Metrics(const pb::GetMetricsRequest& request, const Answer<pb::GetMetricsResponse>& answer);
  void KillTrial(const pb::KillTrialRequest& request, Answer<pb::Trial> answer);

  static void ListAlgorithms(const pb::ListAlgorithmsRequest& request,
                             const Answer<pb::ListAlgorithmsResponse>& answer);

 private:
  /// @errors kResourceExhausted: the namespace is full
  Status CheckRoom(const std::string& name_space);
  Result<pb::Experiment> Find(const std::string& name_space, const std::string& name);
  Result<pb::Experiment> Whole(const ExperimentRow& row);
  /// Hands a request to the engine; answers with the experiment as it is afterwards.
  void Ask(EngineRequest request, const request::Name& name, Answer<pb::Experiment> answer);
  Result<pb::ListTrialsResponse> PageOfTrials(const pb::ListTrialsRequest& request);
  Result<pb::GetMetricsResponse> PageOfMetrics(const pb::GetMetricsRequest& request);
  Result<pb::Trial> FindTrial(const std::string& name);
  Result<pb::GetEventsResponse> ReadEvents(const pb::GetEventsRequest& request);

  Parts parts_;
};

/// A trial's row. @errors kNotFound
Result<TrialRow> RowOf(const Parts& parts, const TrialId& id);

/// "default" if it is empty.
std::string NamespaceOf(const std::string& text);

}  // namespace hone::daemon
