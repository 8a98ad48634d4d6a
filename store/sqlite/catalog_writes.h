// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "store/catalog.h"
#include "store/sqlite/connection.h"

/// The rare writes, each for the inside of a transaction (Work::apply): they check before they
/// write and may throw SQLite::Exception.
namespace hone::sqlite {

void RemoveCommand(Connection& connection, const ExperimentId& experiment, Version seq,
                   std::uint32_t n);
Status PutSnapshot(Connection& connection, const ExperimentId& experiment, Version seq,
                   std::string_view payload);
Status ReplaceRows(Connection& connection, const ExperimentId& experiment,
                   const Projection& projection);
Status RemoveRecords(Connection& connection, const ExperimentId& experiment, TrialNumber through);
Status DeleteExperiment(Connection& connection, const ExperimentId& experiment, OwnerEpoch epoch,
                        Timestamp now);
OwnerEpoch RegisterOwner(Connection& connection, const std::string& owner, Timestamp alive_until);
Status Heartbeat(Connection& connection, OwnerEpoch epoch, Timestamp alive_until);
Status TakeOver(Connection& connection, const ExperimentId& experiment, OwnerEpoch epoch,
                Timestamp now);

std::int64_t PostRequest(Connection& connection, const std::string& kind,
                         const std::string& payload, Timestamp now);
Status AnswerRequest(Connection& connection, std::int64_t id, const std::string& reply,
                     Timestamp now);
/// Removes requests that were answered before `then`.
void ForgetRequests(Connection& connection, Timestamp then);

}  // namespace hone::sqlite
