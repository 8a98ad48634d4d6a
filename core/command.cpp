// SPDX-License-Identifier: Apache-2.0
#include "core/command.h"

#include <nlohmann/json.hpp>

#include "base/guard.h"
#include "base/json.h"
#include "core/json_writer.h"

namespace hone {
namespace {

std::string Encode(std::string_view verb, TrialNumber trial, Attempt attempt) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("do");
  json.String(verb);
  json.Key("trial");
  json.Unsigned(trial);
  json.Key("attempt");
  json.Unsigned(attempt);
  json.EndObject();
  return out;
}

}  // namespace

bool IsDurable(const Command& command) {
  return !std::holds_alternative<command::AskSuggester>(command);
}

std::string EncodeCommand(const Command& command) {
  if (const auto* launch = std::get_if<command::Launch>(&command)) {
    return Encode("launch", launch->trial, launch->attempt);
  }
  if (const auto* stop = std::get_if<command::Stop>(&command)) {
    return Encode(stop->mode == StopMode::kTerminate ? "stop" : "checkpoint", stop->trial,
                  stop->attempt);
  }
  return {};
}

Result<Command> DecodeCommand(std::string_view payload) {
  return Guard(Code::kDataLoss, "outbox", [&]() -> Result<Command> {
    const auto json = ParseJsonOrThrow(payload);
    const auto verb = json.at("do").get<std::string>();
    const auto trial = json.at("trial").get<TrialNumber>();
    const auto attempt = json.at("attempt").get<Attempt>();
    if (verb == "launch") {
      return command::Launch{trial, attempt};
    }
    if (verb == "stop") {
      return command::Stop{trial, attempt, StopMode::kTerminate};
    }
    if (verb == "checkpoint") {
      return command::Stop{trial, attempt, StopMode::kCheckpointFirst};
    }
    return Fail(Code::kDataLoss, "unknown command '" + verb + "'");
  });
}

}  // namespace hone
