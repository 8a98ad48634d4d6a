// SPDX-License-Identifier: Apache-2.0
#include "controller/request.h"

#include <nlohmann/json.hpp>

#include "base/guard.h"
#include "base/json.h"

namespace hone {
namespace {

using Json = nlohmann::json;

Json NameJson(const request::Name& name) {
  return {{"namespace", name.name_space}, {"name", name.name}};
}

request::Name NameFrom(const Json& json) {
  return {json.at("namespace").get<std::string>(), json.at("name").get<std::string>()};
}

void PutCount(Json& json, const char* key, const std::optional<int>& count) {
  if (count) {
    json[key] = *count;
  }
}

std::optional<int> CountFrom(const Json& json, const char* key) {
  return json.contains(key) ? std::optional(json.at(key).get<int>()) : std::nullopt;
}

struct Encoder {
  using Out = std::pair<std::string, std::string>;

  Out operator()(const request::Create& r) const {
    return {"create", DumpJson(Json{{"document", r.document}})};
  }
  Out operator()(const request::Resume& r) const {
    Json json = NameJson(r.experiment);
    PutCount(json, "parallelTrialCount", r.edit.parallel_trial_count);
    PutCount(json, "maxTrialCount", r.edit.max_trial_count);
    PutCount(json, "maxFailedTrialCount", r.edit.max_failed_trial_count);
    return {"resume", DumpJson(json)};
  }
  Out operator()(const request::Stop& r) const {
    Json json = NameJson(r.experiment);
    json["reason"] = r.reason;
    return {"stop", DumpJson(json)};
  }
  Out operator()(const request::Delete& r) const {
    return {"delete", DumpJson(NameJson(r.experiment))};
  }
  Out operator()(const request::KillTrial& r) const {
    return {"kill", DumpJson(Json{{"trial", r.trial}, {"reason", r.reason}})};
  }
  Out operator()(const request::Gone& r) const {
    return {"gone", DumpJson(Json{{"experiment", r.experiment}, {"runner", r.runner}})};
  }
};

Result<EngineRequest> Decode(std::string_view kind, const Json& json) {
  if (kind == "create") {
    return request::Create{json.at("document").get<std::string>()};
  }
  if (kind == "resume") {
    return request::Resume{NameFrom(json),
                           {CountFrom(json, "parallelTrialCount"), CountFrom(json, "maxTrialCount"),
                            CountFrom(json, "maxFailedTrialCount")}};
  }
  if (kind == "stop") {
    return request::Stop{NameFrom(json), json.at("reason").get<std::string>()};
  }
  if (kind == "delete") {
    return request::Delete{NameFrom(json)};
  }
  if (kind == "kill") {
    return request::KillTrial{json.at("trial").get<std::string>(),
                              json.at("reason").get<std::string>()};
  }
  if (kind == "gone") {
    return request::Gone{json.at("experiment").get<std::string>(),
                         json.at("runner").get<std::string>()};
  }
  return Fail(Code::kInvalidArgument, "unknown request '" + std::string(kind) + "'");
}

}  // namespace

std::pair<std::string, std::string> EncodeRequest(const EngineRequest& request) {
  return std::visit(Encoder{}, request);
}

Result<EngineRequest> DecodeRequest(std::string_view kind, std::string_view payload) {
  return Guard(Code::kInvalidArgument, "request",
               [&]() -> Result<EngineRequest> { return Decode(kind, ParseJsonOrThrow(payload)); });
}

std::string EncodeReply(const Result<std::string>& reply) {
  if (reply.has_value()) {
    return DumpJson(Json{{"ok", *reply}});
  }
  return DumpJson(Json{{"code", static_cast<int>(reply.error().code)},
                       {"message", reply.error().message},
                       {"field", reply.error().field}});
}

Result<std::string> DecodeReply(std::string_view reply) {
  return Guard(Code::kDataLoss, "reply", [&]() -> Result<std::string> {
    const Json json = ParseJsonOrThrow(reply);
    if (json.contains("ok")) {
      return json.at("ok").get<std::string>();
    }
    return Fail(static_cast<Code>(json.at("code").get<int>()),
                json.at("message").get<std::string>(), json.value("field", ""));
  });
}

}  // namespace hone
