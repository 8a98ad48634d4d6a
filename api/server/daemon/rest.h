// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/server/daemon/apis.h"
#include "api/server/http/http_server.h"

namespace google::protobuf {  // NOLINT(readability-identifier-naming): protobuf's own
class Descriptor;
}

namespace hone::daemon {

/// One route of /api/v1: which call it is, and what goes into its request.
struct Route {
  std::string method;
  std::string path;  ///< "/api/v1/trials/{trial}"; {field} of the request
  std::string rpc;   ///< the method that it is, of auth::MethodRules
  std::string summary;
  bool body = false;            ///< the request's other fields come as JSON; else from the query
  std::string body_field = {};  ///< the body is this field's text, as it is
  const google::protobuf::Descriptor* request = nullptr;
  const google::protobuf::Descriptor* reply = nullptr;
  std::function<void(const HttpRequest&, const std::vector<std::string>& in_path,
                     const HttpServer::Answer&)>
      call = {};
};

/// The API over HTTP with JSON, as protobuf's JSON mapping says it; metrics, health and the OpenAPI
/// document beside it.
/// @threads  Handle is called on the HTTP server's thread and does not block it
class Rest {
 public:
  /// @param apis  outlive it
  Rest(const Parts& parts, Apis& apis);

  void Handle(const HttpRequest& request, const HttpServer::Answer& answer);
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  /// A call that goes to the readers.
  template <class Request, class Reply, class Call>
  void Add(Route route, Call call);
  void AddExperiments(ExperimentsApi& api);
  void AddTrials(ExperimentsApi& api);
  void AddTokens(TokensApi& api);
  void AddWorkers(const std::shared_ptr<WorkersApi>& workers);
  [[nodiscard]] std::string MetricsText() const;

  Parts parts_;
  std::vector<Route> routes_;
  std::string open_api_;
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

/// The OpenAPI 3.0 document of these routes.
std::string OpenApi(const std::vector<Route>& routes);

}  // namespace hone::daemon
