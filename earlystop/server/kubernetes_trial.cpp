// SPDX-License-Identifier: Apache-2.0
// A client of two calls, over HTTP/1.0: an answer ends with its connection.
#include "earlystop/server/kubernetes_trial.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

namespace hone {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using nlohmann::json;

constexpr char kFolder[] = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr auto kLongestCall = std::chrono::seconds(4);
constexpr int kMostTries = 4;  // others change the status, too
constexpr std::size_t kLongestReply = 4 << 20;
constexpr std::size_t kLongestName = 253;

struct HttpReply {
  int status = 0;
  std::string body;
};

/// One request on a connection of its own.
class Exchange {
 public:
  explicit Exchange(const KubernetesAccount& account) : account_(account) {}

  Result<std::string> Run(const std::string& ca, std::string request) {
    request_ = std::move(request);
    ErrorCode error;
    tls_.add_certificate_authority(asio::buffer(ca), error);
    if (error) {
      return Failed("its authority's certificate", error);
    }
    stream_.emplace(context_, tls_);
    stream_->set_verify_mode(asio::ssl::verify_peer, error);
    stream_->set_verify_callback(asio::ssl::host_name_verification(account_.host), error);
    Connect();
    context_.run_for(kLongestCall);
    if (!over_) {
      return Fail(Code::kUnavailable, "the API server of Kubernetes does not answer");
    }
    if (failed_) {
      return Failed("it", failed_);
    }
    return std::move(reply_);
  }

 private:
  static tl::unexpected<Error> Failed(const std::string& what, const ErrorCode& error) {
    return Fail(Code::kUnavailable,
                "the API server of Kubernetes: " + what + ": " + error.message());
  }
  /// Goes on if all is well. @returns what a step calls when it is done
  template <class Next>
  auto Then(Next next) {
    return [this, next](const ErrorCode& error, const auto&... /*what was done*/) {
      if (error) {
        failed_ = error;
        over_ = true;
        return;
      }
      next();
    };
  }

  void Connect() {
    ErrorCode error;
    const auto places =
        Tcp::resolver(context_).resolve(account_.host, std::to_string(account_.port), error);
    if (error) {
      failed_ = error;
      over_ = true;
      return;
    }
    asio::async_connect(stream_->lowest_layer(), places, Then([this] { Shake(); }));
  }
  void Shake() {
    stream_->async_handshake(asio::ssl::stream_base::client, Then([this] { Write(); }));
  }
  void Write() {
    asio::async_write(*stream_, asio::buffer(request_), Then([this] { Read(); }));
  }
  /// Until the server closes; many do so without TLS's own farewell.
  void Read() {
    asio::async_read(*stream_, asio::dynamic_buffer(reply_, kLongestReply),
                     [this](const ErrorCode& error, std::size_t) {
                       const bool closed =
                           error == asio::error::eof || error == asio::ssl::error::stream_truncated;
                       failed_ = closed ? ErrorCode() : error;
                       over_ = true;
                     });
  }

  const KubernetesAccount& account_;
  asio::io_context context_{1};
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  std::optional<asio::ssl::stream<Tcp::socket>> stream_;
  std::string request_;
  std::string reply_;
  ErrorCode failed_;
  bool over_ = false;
};

Result<HttpReply> ReadReply(const std::string& text) {
  const std::size_t blank = text.find(' ');
  const std::size_t end = text.find("\r\n\r\n");
  const auto status = blank == std::string::npos
                          ? std::nullopt
                          : ParseInt(std::string_view(text).substr(blank + 1, 3));
  if (!text.starts_with("HTTP/1.") || end == std::string::npos || !status) {
    return Fail(Code::kUnavailable, "the API server of Kubernetes does not speak HTTP");
  }
  return HttpReply{static_cast<int>(*status), text.substr(end + 4)};
}

Code CodeOf(int status) {
  switch (status) {
    case 401:
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kAborted;
    default:
      return Code::kUnavailable;
  }
}

/// @param body  of a PATCH; empty: a GET
Result<json> Ask(const KubernetesAccount& account, const std::string& path,
                 const std::string& body) {
  HONE_ASSIGN_OR_RETURN(const std::string token, ReadFile(account.folder / "token"));
  HONE_ASSIGN_OR_RETURN(const std::string ca, ReadFile(account.folder / "ca.crt"));
  const std::string method = body.empty() ? "GET " : "PATCH ";
  const std::string content = body.empty() ? ""
                                           : "Content-Type: application/merge-patch+json\r\n"
                                             "Content-Length: " +
                                                 std::to_string(body.size()) + "\r\n";
  HONE_ASSIGN_OR_RETURN(
      const std::string text,
      Exchange(account).Run(ca, method + path + " HTTP/1.0\r\nHost: " + account.host +
                                    "\r\nAuthorization: Bearer " + std::string(Trim(token)) +
                                    "\r\nAccept: application/json\r\n" + content + "\r\n" + body));
  HONE_ASSIGN_OR_RETURN(const HttpReply reply, ReadReply(text));
  json answer = ParseJson(reply.body);
  if (reply.status == 200 && answer.is_object()) {
    return answer;
  }
  const bool says =
      answer.is_object() && answer.contains("message") && answer["message"].is_string();
  return Fail(CodeOf(reply.status),
              "the API server of Kubernetes answered " + std::to_string(reply.status) + ": " +
                  Printable(says ? answer["message"].get<std::string>() : reply.body, 300));
}

json ConditionsOf(const json& trial) {
  const json status = trial.value("status", json::object());
  const json conditions =
      status.is_object() ? status.value("conditions", json::array()) : json::array();
  return conditions.is_array() ? conditions : json::array();
}

bool IsMarked(const json& conditions) {
  return std::ranges::any_of(conditions, [](const json& condition) {
    return condition.is_object() && condition.value("type", json()) == "EarlyStopped" &&
           condition.value("status", json()) == "True";
  });
}

Status MarkOnce(const KubernetesAccount& account, const std::string& path, Timestamp now) {
  HONE_ASSIGN_OR_RETURN(const json trial, Ask(account, path, ""));
  json conditions = ConditionsOf(trial);
  if (IsMarked(conditions)) {
    return {};
  }
  const std::string at = FormatSeconds(now);
  conditions.push_back({{"type", "EarlyStopped"},
                        {"status", "True"},
                        {"reason", "TrialEarlyStopped"},
                        {"message", "Trial is early stopped"},
                        {"lastUpdateTime", at},
                        {"lastTransitionTime", at}});
  json patch = {{"status", {{"conditions", std::move(conditions)}}}};
  const json metadata = trial.value("metadata", json::object());
  if (metadata.is_object() && metadata.contains("resourceVersion")) {
    patch["metadata"]["resourceVersion"] = metadata["resourceVersion"];  // 409 if it has changed
  }
  HONE_RETURN_IF_ERROR(Ask(account, path + "/status", DumpJson(patch)));
  return {};
}

bool IsObjectName(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
}

}  // namespace

std::optional<KubernetesAccount> AccountHere() {
  // NOLINTBEGIN(concurrency-mt-unsafe): nobody changes the environment
  const char* const host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* const port = std::getenv("KUBERNETES_SERVICE_PORT");
  // NOLINTEND(concurrency-mt-unsafe)
  const auto number = port == nullptr ? std::nullopt : ParseInt(port);
  if (host == nullptr || !number || !std::filesystem::exists(kFolder)) {
    return std::nullopt;
  }
  return KubernetesAccount{host, static_cast<int>(*number), kFolder};
}

Status MarkEarlyStopped(const KubernetesAccount& account, const std::string& trial, Timestamp now) {
  if (!IsObjectName(trial)) {
    return Fail(Code::kInvalidArgument, "is no name of an object of Kubernetes", "trial_name");
  }
  HONE_ASSIGN_OR_RETURN(const std::string name_space, ReadFile(account.folder / "namespace"));
  if (!IsObjectName(std::string(Trim(name_space)))) {
    return Fail(Code::kFailedPrecondition, "the account's namespace is no name of Kubernetes");
  }
  const std::string path =
      "/apis/kubeflow.org/v1beta1/namespaces/" + std::string(Trim(name_space)) + "/trials/" + trial;
  Status marked = MarkOnce(account, path, now);
  for (int i = 1; i < kMostTries && !marked && marked.error().code == Code::kAborted; ++i) {
    marked = MarkOnce(account, path, now);
  }
  return marked;
}

}  // namespace hone
