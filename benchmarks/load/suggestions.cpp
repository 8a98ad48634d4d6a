// SPDX-License-Identifier: Apache-2.0
// GetSuggestions with many trials in the request, beside the parsing of that request.
//   suggestions ADDRESS ALGORITHM TRIALS CALLS
// Each request has one trial more than the one before, as a controller's have. Prints one line of
// JSON: milliseconds of the first call, of the others (median), and of a parse.
#include <grpcpp/grpcpp.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "api/proto/katib_v1beta1.grpc.pb.h"

namespace {

namespace pb = ::api::v1::beta1;
using Clock = std::chrono::steady_clock;

/// Of this thread, of the processor.
double ProcessorMilliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double Milliseconds(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

pb::Experiment ExperimentOf(const std::string& algorithm) {
  pb::Experiment experiment;
  experiment.set_name("suggestions-" + algorithm);
  experiment.mutable_spec()->mutable_algorithm()->set_algorithm_name(algorithm);
  experiment.mutable_spec()->mutable_objective()->set_type(pb::MINIMIZE);
  experiment.mutable_spec()->mutable_objective()->set_objective_metric_name("loss");
  for (int i = 0; i < 4; ++i) {
    pb::ParameterSpec& parameter =
        *experiment.mutable_spec()->mutable_parameter_specs()->add_parameters();
    parameter.set_name("x" + std::to_string(i));
    parameter.set_parameter_type(pb::DOUBLE);
    parameter.mutable_feasible_space()->set_min("0");
    parameter.mutable_feasible_space()->set_max("1");
  }
  return experiment;
}

void AddTrial(pb::GetSuggestionsRequest& request, int number) {
  pb::Trial& trial = *request.add_trials();
  trial.set_name("trial-" + std::to_string(number));
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    const int step = number * (2 * i + 3) % 1009;
    pb::ParameterAssignment& assignment =
        *trial.mutable_spec()->mutable_parameter_assignments()->add_assignments();
    assignment.set_name("x" + std::to_string(i));
    assignment.set_value(std::to_string(step / 1009.0));
    sum += step / 1009.0;
  }
  trial.mutable_status()->set_condition(pb::TrialStatus::SUCCEEDED);
  trial.mutable_status()->set_start_time("2024-05-01T00:00:00Z");
  trial.mutable_status()->set_completion_time("2024-05-01T00:01:00Z");
  pb::Metric& metric = *trial.mutable_status()->mutable_observation()->add_metrics();
  metric.set_name("loss");
  metric.set_value(std::to_string(sum));
}

double ParseTime(const std::string& bytes) {
  std::vector<double> took;
  for (int i = 0; i < 21; ++i) {
    const double begin = ProcessorMilliseconds();
    pb::GetSuggestionsRequest request;
    if (!request.ParseFromString(bytes)) {
      std::_Exit(1);
    }
    took.push_back(ProcessorMilliseconds() - begin);
  }
  return Median(took);
}

int Run(const std::string& address, const std::string& algorithm, int trials, int calls) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto stub = pb::Suggestion::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  pb::GetSuggestionsRequest request;
  *request.mutable_experiment() = ExperimentOf(algorithm);
  request.set_current_request_number(1);
  for (int i = 0; i < trials; ++i) {
    AddTrial(request, i);
  }
  std::vector<double> took;
  for (int i = 0; i < calls; ++i) {
    request.set_total_request_number(request.trials_size() + 1);
    grpc::ClientContext context;
    pb::GetSuggestionsReply reply;
    const auto begin = Clock::now();
    const grpc::Status status = stub->GetSuggestions(&context, request, &reply);
    took.push_back(Milliseconds(begin));
    if (!status.ok() || reply.parameter_assignments_size() != 1) {
      std::fprintf(stderr, "GetSuggestions: %s\n", status.error_message().c_str());
      return 1;
    }
    AddTrial(request, trials + i);
  }
  const double first = took.front();
  took.erase(took.begin());
  const std::string bytes = request.SerializeAsString();
  std::printf(
      "{\"algorithm\": \"%s\", \"trials\": %d, \"bytes\": %zu, \"first_ms\": %.2f, \"ms\": %.2f, "
      "\"parse_ms\": %.2f}\n",
      algorithm.c_str(), trials, bytes.size(), first, Median(took), ParseTime(bytes));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kArguments = 4;
  if (argc != kArguments + 1) {
    std::fputs("suggestions ADDRESS ALGORITHM TRIALS CALLS\n", stderr);
    return 2;
  }
  return Run(argv[1], argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
}
