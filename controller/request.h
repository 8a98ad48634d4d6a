// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"
#include "core/experiment_event.h"

/// What people ask of an engine, in its own process or through the requests table of its store.
namespace hone::request {

/// An experiment's place: namespace and name.
struct Name {
  std::string name_space = "default";
  std::string name;
  bool operator==(const Name&) const = default;
};

/// A new experiment. The reply's text is its UID.
struct Create {
  std::string document;  ///< ExperimentSpec::document
  bool operator==(const Create&) const = default;
};

/// Go on with an experiment, after editing its budget if that is given. The reply's text is its
/// UID.
struct Resume {
  Name experiment;
  event::BudgetEdited edit;
  bool operator==(const Resume&) const = default;
};

/// No new trials; running ones are interrupted. Answered when nothing of it runs any more.
struct Stop {
  Name experiment;
  std::string reason;
  bool operator==(const Stop&) const = default;
};

/// Stops it, then removes all of it: ledger, observations, logs. Answered when it is gone.
struct Delete {
  Name experiment;
  bool operator==(const Delete&) const = default;
};

/// Ends one trial, which then counts as killed.
struct KillTrial {
  std::string trial;  ///< its name
  std::string reason;
  bool operator==(const KillTrial&) const = default;
};

/// Of a controller that does not drive the experiment any more: nothing of it runs there now.
struct Gone {
  std::string experiment;  ///< UID
  std::string runner;      ///< instance, as in TrialLaunched
  bool operator==(const Gone&) const = default;
};

}  // namespace hone::request

namespace hone {

using EngineRequest = std::variant<request::Create, request::Resume, request::Stop, request::Delete,
                                   request::KillTrial, request::Gone>;

/// Kind and JSON payload, as the requests table holds them.
std::pair<std::string, std::string> EncodeRequest(const EngineRequest& request);
/// @errors kInvalidArgument
Result<EngineRequest> DecodeRequest(std::string_view kind, std::string_view payload);

/// The stored form of an answer.
std::string EncodeReply(const Result<std::string>& reply);
/// The answer as it was given. @errors the answer's own; kDataLoss if it does not decode
Result<std::string> DecodeReply(std::string_view reply);

}  // namespace hone
