// SPDX-License-Identifier: Apache-2.0
// The service over real sockets, in this process.
#include "suggestion/server/suggestion_service.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <future>
#include <thread>

#include "api/proto/katib_v1beta1.grpc.pb.h"
#include "api/server/grpc_host.h"
#include "base/executor.h"
#include "base/rng.h"
#include "tests/catch.h"
#include "tests/suggestion/server/requests.h"

namespace hone {
namespace {

using namespace test;
using namespace std::chrono_literals;
using Bytes = grpc::ByteBuffer;

constexpr const char* kGet = "/api.v1.beta1.Suggestion/GetSuggestions";
constexpr const char* kValidate = "/api.v1.beta1.Suggestion/ValidateAlgorithmSettings";
constexpr const char* kHealth = "/grpc.health.v1.Health/Check";

/// A server of the service and a channel to it.
class Served {
 public:
  Served() {
    GrpcHost::Options options;
    options.listen.host = "127.0.0.1";
    options.health_names = {"manager.v1beta1.Suggestion"};
    auto host = GrpcHost::Start(options, {MakeSuggestionService(compute_)});
    REQUIRE(host.has_value());
    host_ = *std::move(host);
    grpc::ChannelArguments arguments;
    arguments.SetMaxSendMessageSize(-1);
    channel_ = grpc::CreateCustomChannel(host_->address().Text(),
                                         grpc::InsecureChannelCredentials(), arguments);
  }

  grpc::Status Ask(const pb::GetSuggestionsRequest& request, pb::GetSuggestionsReply& reply) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 60s);
    return pb::Suggestion::NewStub(channel_)->GetSuggestions(&context, request, &reply);
  }

  /// Any bytes to any method. @returns the code, and the reply's bytes
  std::pair<grpc::StatusCode, std::string> Send(const std::string& method,
                                                const std::string& bytes) {
    grpc::Slice slice(bytes);
    const Bytes request(&slice, 1);
    Bytes reply;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 60s);
    std::promise<grpc::Status> done;
    grpc::GenericStub(channel_).UnaryCall(&context, method, {}, &request, &reply,
                                          [&](grpc::Status status) { done.set_value(status); });
    const grpc::Status status = done.get_future().get();
    std::vector<grpc::Slice> slices;
    std::string text;
    if (status.ok() && reply.Dump(&slices).ok()) {
      for (const grpc::Slice& part : slices) {
        text.append(reinterpret_cast<const char*>(part.begin()), part.size());
      }
    }
    return {status.error_code(), text};
  }

  GrpcHost& host() { return *host_; }

 private:
  AsioExecutor compute_{"compute", 2};
  std::unique_ptr<GrpcHost> host_;
  std::shared_ptr<grpc::Channel> channel_;
};

/// HealthCheckRequest with this service name.
std::string HealthRequest(const std::string& service) {
  return service.empty() ? ""
                         : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
}

const std::string kServing("\x08\x01", 2);
const std::string kNotServing("\x08\x02", 2);

TEST_CASE("suggestion service: health by the names that Katib asks with", "[suggestion]") {
  Served served;
  for (const char* const name : {"", "manager.v1beta1.Suggestion", "grpc.health.v1.Health"}) {
    CHECK(served.Send(kHealth, HealthRequest(name)) == std::pair(grpc::StatusCode::OK, kServing));
  }
  CHECK(served.Send(kHealth, HealthRequest("nobody")).first == grpc::StatusCode::NOT_FOUND);
  served.host().SetServing(false);
  CHECK(served.Send(kHealth, HealthRequest("")) == std::pair(grpc::StatusCode::OK, kNotServing));
}

TEST_CASE("suggestion service: errors have the codes that the controller acts on", "[suggestion]") {
  Served served;
  pb::ValidateAlgorithmSettingsRequest validate;
  *validate.mutable_experiment() = SmallExperiment("tpe");
  CHECK(served.Send(kValidate, validate.SerializeAsString()).first == grpc::StatusCode::OK);
  *validate.mutable_experiment() = SmallExperiment("tpe", {{"gamma", "2"}});
  CHECK(served.Send(kValidate, validate.SerializeAsString()).first ==
        grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(served.Send(kValidate, "").first == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(served.Send(kGet, "").first == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(served.Send("/api.v1.beta1.Suggestion/Nothing", "").first ==
        grpc::StatusCode::UNIMPLEMENTED);

  pb::GetSuggestionsRequest request;
  *request.mutable_experiment() = SmallExperiment("tpe");
  request.mutable_experiment()->mutable_spec()->mutable_algorithm()->set_algorithm_name(
      std::string(100'000, 'x'));
  pb::GetSuggestionsReply reply;
  const grpc::Status status = served.Ask(request, reply);
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message().size() <= 2000);
}

TEST_CASE("suggestion service: bytes of any kind get an answer", "[suggestion]") {
  Served served;
  pb::GetSuggestionsRequest whole;
  *whole.mutable_experiment() = SmallExperiment("tpe");
  whole.set_current_request_number(1);
  whole.set_total_request_number(4);
  *whole.add_trials() = SucceededTrial("t1", {"0.5", "1", "a"}, 0, "1");
  *whole.add_trials() = PendingTrial("t2", {"-0.5", "2", "b"});
  const std::string good = whole.SerializeAsString();
  Rng rng(1, Scope::Experiment(), Purpose::kSimulation);
  for (int i = 0; i < 400; ++i) {
    std::string bytes = good;
    if (i % 2 == 0) {  // a few bytes changed, perhaps the end cut off
      for (std::uint32_t k = 0; k <= rng.Below(4); ++k) {
        bytes[rng.Below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<char>(rng());
      }
      bytes.resize(bytes.size() - (i % 4 == 0 ? rng.Below(20) : 0));
    } else {
      bytes.resize(rng.Below(200));
      std::ranges::generate(bytes, [&] { return static_cast<char>(rng()); });
    }
    const auto code = served.Send(i % 3 == 0 ? kValidate : kGet, bytes).first;
    CHECK((code == grpc::StatusCode::OK || code == grpc::StatusCode::INVALID_ARGUMENT));
  }
  CHECK(served.Send(kGet, good).first == grpc::StatusCode::OK);
}

TEST_CASE("suggestion service: large requests are served, too large ones refused", "[suggestion]") {
  Served served;
  pb::GetSuggestionsRequest request;
  *request.mutable_experiment() = SmallExperiment("random");
  request.set_current_request_number(1);
  request.set_total_request_number(1);
  *request.add_trials() = PendingTrial("large", {std::string(8U << 20, '1'), "1", "a"});
  pb::GetSuggestionsReply reply;
  CHECK(served.Ask(request, reply).ok());
  CHECK(served.Send(kGet, std::string(65U << 20, 'x')).first ==
        grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("suggestion service: many experiments and clients at once", "[suggestion]") {
  Served served;
  std::vector<std::jthread> clients;
  std::vector<int> answered(8);
  for (std::size_t c = 0; c < answered.size(); ++c) {
    clients.emplace_back([&served, &mine = answered[c], c] {
      for (int i = 0; i < 25; ++i) {
        // Half of the clients share an experiment; the others bring a new one each time, more than
        // are kept.
        pb::Experiment experiment = SmallExperiment("tpe");
        if (c % 2 == 0) {
          experiment.set_name("of-" + std::to_string(c) + "-" + std::to_string(i));
        }
        FakeController controller(experiment);
        pb::GetSuggestionsReply reply;
        if (served.Ask(controller.Request(2), reply).ok()) {
          mine += reply.parameter_assignments_size();
        }
      }
    });
  }
  clients.clear();
  for (const int count : answered) {
    CHECK(count == 50);
  }
}

TEST_CASE("suggestion service: a drained host refuses new calls; its port cannot be shared",
          "[suggestion]") {
  Served served;
  const auto second = GrpcHost::Start({.listen = served.host().address(), .health_names = {}}, {});
  REQUIRE(!second.has_value());
  CHECK(second.error().code == Code::kUnavailable);
  served.host().Drain(1s);
  CHECK(served.Send(kGet, "").first == grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace hone
