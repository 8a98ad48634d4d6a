// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/rest.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/server/daemon/convert.h"
#include "api/server/daemon/streams_api.h"
#include "base/json.h"
#include "base/text.h"

namespace hone::daemon {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using nlohmann::json;
using Parameters = std::vector<std::string>;

int HttpStatus(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kAborted:
      return 409;
    case Code::kResourceExhausted:
      return 429;
    case Code::kUnimplemented:
      return 501;
    case Code::kCancelled:
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      return 500;
  }
  return 500;
}

HttpResponse ErrorResponse(const Error& error) {
  const json body = {{"code", CodeName(error.code)}, {"message", error.Text()}};
  return {HttpStatus(error.code), "application/json", DumpJson(body) + "\n"};
}

HttpResponse RefusalResponse(const auth::Refusal& refusal) {
  HttpResponse response =
      ErrorResponse({static_cast<Code>(GrpcCodeOf(refusal)), refusal.message, {}});
  if (refusal.kind == auth::Refusal::Kind::kUnauthenticated) {
    response.headers.emplace("WWW-Authenticate", "Bearer");
  }
  return response;
}

HttpResponse JsonResponse(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) {
    return ErrorResponse({Code::kInternal, "the answer cannot be written as JSON", {}});
  }
  return {200, "application/json", text + "\n"};
}

Status ReadBody(const std::string& body, Message& message) {
  if (Trim(body).empty()) {
    return {};
  }
  const auto read = google::protobuf::util::JsonStringToMessage(body, &message);
  if (!read.ok()) {
    const auto why = read.message();
    return Fail(Code::kInvalidArgument,
                "the body is no such object: " + Printable({why.data(), why.size()}, 300));
  }
  return {};
}

const FieldDescriptor* FieldOf(const Message& message, const std::string& name) {
  const auto* const type = message.GetDescriptor();
  const auto* const field = type->FindFieldByName(name);
  return field != nullptr ? field : type->FindFieldByCamelcaseName(name);
}

bool IsUtf8(const std::string& text) {
  const json value = text;
  return DumpJson(value) == value.dump(-1, ' ', false, json::error_handler_t::ignore);
}

/// @returns whether the text is a value of the field's type
bool SetScalar(Message& message, const FieldDescriptor* field, const std::string& text) {
  const auto* const access = message.GetReflection();
  const auto number = ParseInt(text);
  const FieldDescriptor::CppType type = field->cpp_type();
  const bool is_word = text == "true" || text == "false";
  if (type == FieldDescriptor::CPPTYPE_STRING) {
    access->SetString(&message, field, text);
  } else if (type == FieldDescriptor::CPPTYPE_INT64 && number) {
    access->SetInt64(&message, field, *number);
  } else if (type == FieldDescriptor::CPPTYPE_INT32 && number &&
             *number == static_cast<std::int32_t>(*number)) {
    access->SetInt32(&message, field, static_cast<std::int32_t>(*number));
  } else if (type == FieldDescriptor::CPPTYPE_BOOL && is_word) {
    access->SetBool(&message, field, text == "true");
  } else {
    return false;
  }
  return true;
}

/// Puts the text of a path or query into a field.
Status SetField(Message& message, const std::string& name, const std::string& text) {
  const FieldDescriptor* const field = FieldOf(message, name);
  if (field == nullptr || field->is_repeated()) {
    return Fail(Code::kInvalidArgument, "there is no such parameter", Printable(name, 60));
  }
  if (!IsUtf8(text)) {
    return Fail(Code::kInvalidArgument, "must be UTF-8", name);
  }
  if (SetScalar(message, field, text)) {
    return {};
  }
  return Fail(Code::kInvalidArgument, "cannot be " + Quoted(text), name);
}

/// Names in braces, in their order.
Parameters NamesIn(const std::string& path) {
  Parameters names;
  for (const std::string_view part : Split(path, '/')) {
    if (part.starts_with('{')) {
      names.emplace_back(part.substr(1, part.size() - 2));
    }
  }
  return names;
}

/// The values of the braces if the path fits.
std::optional<Parameters> Match(const std::string& pattern, std::string_view path) {
  const auto wanted = Split(pattern, '/');
  const auto found = Split(path, '/');
  if (wanted.size() != found.size()) {
    return std::nullopt;
  }
  Parameters values;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{') && !found[i].empty()) {
      values.emplace_back(found[i]);
    } else if (wanted[i] != found[i]) {
      return std::nullopt;
    }
  }
  return values;
}

template <class Request>
Result<Request> ReadRequest(const Route& route, const HttpRequest& http,
                            const Parameters& in_path) {
  Request request;
  if (!route.body_field.empty()) {
    HONE_RETURN_IF_ERROR(SetField(request, route.body_field, http.body));
  } else if (route.body) {
    HONE_RETURN_IF_ERROR(ReadBody(http.body, request));
  }
  for (const auto& [name, value] : http.query) {
    HONE_RETURN_IF_ERROR(SetField(request, name, value));
  }
  const Parameters names = NamesIn(route.path);
  for (std::size_t i = 0; i < names.size(); ++i) {
    HONE_RETURN_IF_ERROR(SetField(request, names[i], in_path[i]));
  }
  return request;
}

template <class Reply>
Answer<Reply> InJson(const HttpServer::Answer& answer) {
  return [answer](const Result<Reply>& reply) {
    answer(reply ? JsonResponse(*reply) : ErrorResponse(reply.error()));
  };
}

/// Calls if the caller may have what it asks for.
template <class Request, class Reply, class Call>
void EnterAndCall(Door& door, const Caller& caller, const Request& request, const Call& call,
                  const HttpServer::Answer& answer) {
  if (const auto refusal = door.Enter(caller, request)) {
    return answer(RefusalResponse(*refusal));
  }
  call(request, caller, InJson<Reply>(answer));
}

/// Answers with the tokens of the trials that are given.
template <class Reply>
Answer<Reply> WithTokens(Door& door, const Caller& caller, const Answer<Reply>& answer) {
  return [&door, caller, answer](Result<Reply> given) {
    if (given) {
      door.AddTokens(caller, *given);
    }
    answer(std::move(given));
  };
}

}  // namespace

template <class Request, class Reply, class Call>
void Rest::Add(Route route, Call call) {
  route.request = Request::descriptor();
  route.reply = Reply::descriptor();
  const Route shape = route;  // without the call
  route.call = [readers = &parts_.readers, door = &parts_.door, shape, call](
                   const HttpRequest& http, const Parameters& in_path,
                   const HttpServer::Answer& answer) {
    auto caller = door->Admit({shape.rpc, http.authorization, http.peer});
    if (!caller) {
      return answer(RefusalResponse(caller.error()));
    }
    auto request = ReadRequest<Request>(shape, http, in_path);
    if (!request) {
      return answer(ErrorResponse(request.error()));
    }
    readers->Post([call, door, answer, caller = *std::move(caller), request = *std::move(request)] {
      EnterAndCall<Request, Reply>(*door, caller, request, call, answer);
    });
  };
  routes_.push_back(std::move(route));
}

void Rest::AddExperiments(ExperimentsApi& api) {
  Add<pb::CreateExperimentRequest, pb::Experiment>(
      {.method = "POST",
       .path = "/api/v1/experiments",
       .rpc = "hone.v1.Experiments/Create",
       .summary = "Create an experiment: the body is its file, YAML or JSON",
       .body = true,
       .body_field = "document"},
      [&api](const auto& r, const auto& c, const auto& a) { api.Create(r, c, a); });
  Add<pb::ListExperimentsRequest, pb::ListExperimentsResponse>(
      {.method = "GET",
       .path = "/api/v1/experiments",
       .rpc = "hone.v1.Experiments/List",
       .summary = "All experiments, newest first"},
      [&api](const auto& r, const auto& c, const auto& a) { api.List(r, c, a); });
  Add<pb::GetExperimentRequest, pb::Experiment>(
      {.method = "GET",
       .path = "/api/v1/experiments/{name}",
       .rpc = "hone.v1.Experiments/Get",
       .summary = "One experiment, whole"},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.Get(r, a); });
  Add<pb::GetEventsRequest, pb::GetEventsResponse>(
      {.method = "GET",
       .path = "/api/v1/experiments/{name}/events",
       .rpc = "hone.v1.Experiments/Events",
       .summary = "What is recorded of it"},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.Events(r, a); });
  Add<pb::DeleteExperimentRequest, pb::DeleteExperimentResponse>(
      {.method = "DELETE",
       .path = "/api/v1/experiments/{name}",
       .rpc = "hone.v1.Experiments/Delete",
       .summary = "Stop it and remove all of it"},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.Delete(r, a); });
  Add<pb::StopExperimentRequest, pb::Experiment>(
      {.method = "POST",
       .path = "/api/v1/experiments/{name}/stop",
       .rpc = "hone.v1.Experiments/Stop",
       .summary = "Stop it",
       .body = true},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.Stop(r, a); });
  Add<pb::ResumeExperimentRequest, pb::Experiment>(
      {.method = "POST",
       .path = "/api/v1/experiments/{name}/resume",
       .rpc = "hone.v1.Experiments/Resume",
       .summary = "Go on with it",
       .body = true},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.Resume(r, a); });
  Add<pb::EditBudgetRequest, pb::Experiment>(
      {.method = "POST",
       .path = "/api/v1/experiments/{name}/budget",
       .rpc = "hone.v1.Experiments/EditBudget",
       .summary = "Change its budget and go on",
       .body = true},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.EditBudget(r, a); });
  Add<pb::ListTrialsRequest, pb::ListTrialsResponse>(
      {.method = "GET",
       .path = "/api/v1/experiments/{experiment}/trials",
       .rpc = "hone.v1.Trials/List",
       .summary = "Its trials"},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.ListTrials(r, a); });
}

void Rest::AddTrials(ExperimentsApi& api) {
  Add<pb::GetTrialRequest, pb::Trial>(
      {.method = "GET",
       .path = "/api/v1/trials/{trial}",
       .rpc = "hone.v1.Trials/Get",
       .summary = "One trial"},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.GetTrial(r, a); });
  Add<pb::GetMetricsRequest, pb::GetMetricsResponse>(
      {.method = "GET",
       .path = "/api/v1/trials/{trial}/metrics",
       .rpc = "hone.v1.Trials/Metrics",
       .summary = "What it reported"},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.Metrics(r, a); });
  Add<pb::KillTrialRequest, pb::Trial>(
      {.method = "POST",
       .path = "/api/v1/trials/{trial}/kill",
       .rpc = "hone.v1.Trials/Kill",
       .summary = "End it",
       .body = true},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.KillTrial(r, a); });
  Add<pb::ListAlgorithmsRequest, pb::ListAlgorithmsResponse>(
      {.method = "GET",
       .path = "/api/v1/algorithms",
       .rpc = "hone.v1.Algorithms/List",
       .summary = "The search algorithms and their settings"},
      [](const auto& r, const Caller& /*c*/, const auto& a) {
        ExperimentsApi::ListAlgorithms(r, a);
      });
}

void Rest::AddWorkers(const std::shared_ptr<WorkersApi>& workers) {
  Add<pb::AskRequest, pb::AskResponse>(
      {.method = "POST",
       .path = "/api/v1/experiments/{experiment}/ask",
       .rpc = "hone.v1.Workers/Ask",
       .summary = "Ask for trials",
       .body = true},
      [workers, door = &parts_.door](const auto& r, const Caller& c, const auto& a) {
        workers->Ask(r, WithTokens<pb::AskResponse>(*door, c, a), {});
      });
  Add<pb::RenewRequest, pb::RenewResponse>(
      {.method = "POST",
       .path = "/api/v1/trials/{trial}/renew",
       .rpc = "hone.v1.Workers/Renew",
       .summary = "Renew its lease",
       .body = true},
      [workers](const auto& r, const Caller& /*c*/, const auto& a) { workers->Renew(r, a); });
  Add<pb::ReportRequest, pb::ReportResponse>(
      {.method = "POST",
       .path = "/api/v1/trials/{trial}/report",
       .rpc = "hone.v1.Workers/Report",
       .summary = "Report values of it",
       .body = true},
      [workers](const auto& r, const Caller& /*c*/, const auto& a) { workers->Report(r, a); });
  Add<pb::TellRequest, pb::TellResponse>(
      {.method = "POST",
       .path = "/api/v1/trials/{trial}/tell",
       .rpc = "hone.v1.Workers/Tell",
       .summary = "Tell its result",
       .body = true},
      [workers, door = &parts_.door](const auto& r, const Caller& c, const auto& a) {
        workers->Tell(r, WithTokens<pb::TellResponse>(*door, c, a), {});
      });
}

void Rest::AddTokens(TokensApi& api) {
  Add<pb::CreateTokenRequest, pb::CreateTokenResponse>(
      {.method = "POST",
       .path = "/api/v1/tokens",
       .rpc = "hone.v1.Tokens/Create",
       .summary = "Make a token; its secret is told this once",
       .body = true},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.Create(r, a); });
  Add<pb::ListTokensRequest, pb::ListTokensResponse>(
      {.method = "GET",
       .path = "/api/v1/tokens",
       .rpc = "hone.v1.Tokens/List",
       .summary = "All tokens, without their secrets"},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.List(r, a); });
  Add<pb::RevokeTokenRequest, pb::Token>(
      {.method = "DELETE",
       .path = "/api/v1/tokens/{id}",
       .rpc = "hone.v1.Tokens/Revoke",
       .summary = "Revoke it"},
      [&api](const auto& r, const Caller& /*c*/, const auto& a) { api.Revoke(r, a); });
}

Rest::Rest(const Parts& parts, Apis& apis) : parts_(parts) {
  AddExperiments(apis.experiments);
  Add<pb::ImportanceRequest, pb::ImportanceResponse>(
      {.method = "GET",
       .path = "/api/v1/experiments/{name}/importance",
       .rpc = "hone.v1.Experiments/Importance",
       .summary = "Which parameters its objective depends on"},
      [&apis](const auto& r, const Caller& /*c*/, const auto& a) {
        apis.insight.Importance(r, a);
      });
  AddTrials(apis.experiments);
  AddTokens(apis.tokens);
  AddWorkers(apis.workers);
  open_api_ = OpenApi(routes_);
}

void Rest::Handle(const HttpRequest& request, const HttpServer::Answer& answer) {
  ++requests_;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads && request.path == "/healthz") {
    return answer({200, "text/plain", "ok\n"});
  }
  if (reads && request.path == "/readyz") {
    if (parts_.draining) {
      return answer({503, "text/plain", "ending\n"});
    }
    return answer(parts_.engine.StoreAnswers()
                      ? HttpResponse{200, "text/plain", "ok\n"}
                      : HttpResponse{503, "text/plain", "the store does not answer\n"});
  }
  if (reads && request.path == "/metrics") {
    const auto caller = parts_.door.Admit({"/metrics", request.authorization, request.peer});
    return answer(caller ? HttpResponse{200, "text/plain; version=0.0.4", MetricsText()}
                         : RefusalResponse(caller.error()));
  }
  if (reads && request.path == "/api/v1/openapi.json") {
    return answer({200, "application/json", open_api_});
  }
  std::string allowed;
  for (const Route& route : routes_) {
    const auto values = Match(route.path, request.path);
    if (!values) {
      continue;
    }
    if (route.method == request.method || (reads && route.method == "GET")) {
      return route.call(request, *values, answer);
    }
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  ++refused_;
  HttpResponse response = ErrorResponse(
      {Code::kNotFound,
       allowed.empty() ? "there is nothing at this address" : "this address takes only " + allowed,
       {}});
  if (!allowed.empty()) {
    response.status = 405;
    response.headers["Allow"] = allowed;
  }
  answer(std::move(response));
}

std::string Rest::MetricsText() const {
  const Workers::Counts counts = parts_.workers.Count();
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view type, std::string_view help,
                           std::uint64_t value) {
    text += "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE ";
    text += std::string(name) + " " + std::string(type) + "\n";
    text += std::string(name) + " " + std::to_string(value) + "\n";
  };
  add("hone_trials_leased", "gauge", "Trials in the hands of workers.", counts.leased);
  add("hone_workers_waiting", "gauge", "Workers that wait for a trial.", counts.waiting);
  add("hone_leases_expired_total", "counter", "Leases that were over.", counts.expired);
  add("hone_http_requests_total", "counter", "Requests of HTTP.", requests_);
  add("hone_http_unknown_total", "counter", "Requests for what is not there.", refused_);
  return text;
}

}  // namespace hone::daemon
