// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/catalog.h"
#include "store/postgres/connection.h"

/// The rare writes, each for the inside of a transaction (What): they check before they write
/// and may throw what libpqxx throws.
namespace hone::postgres {

Status PutSnapshot(Connection& connection, const ExperimentId& experiment, Version seq,
                   std::string_view payload);
Status ReplaceRows(Connection& connection, const ExperimentId& experiment,
                   const Projection& projection);
Status RemoveRecords(Connection& connection, const ExperimentId& experiment, TrialNumber through);
Status DeleteExperiment(Connection& connection, const ExperimentId& experiment, OwnerEpoch epoch,
                        Timestamp now);
/// @param now  nothing: by the database's clock
OwnerEpoch RegisterOwner(Connection& connection, const std::string& owner, Duration alive_for,
                         std::optional<Timestamp> now);
Status Heartbeat(Connection& connection, OwnerEpoch epoch, Duration alive_for,
                 std::optional<Timestamp> now);
Status TakeOver(Connection& connection, const ExperimentId& experiment, OwnerEpoch epoch,
                std::optional<Timestamp> now);

std::int64_t PostRequest(Connection& connection, const std::string& kind,
                         const std::string& payload, std::optional<Timestamp> now);
Status AnswerRequest(Connection& connection, std::int64_t id, const std::string& reply,
                     std::optional<Timestamp> now);
/// Removes requests that were answered longer ago than this.
void ForgetRequests(Connection& connection, Duration ago, std::optional<Timestamp> now);

}  // namespace hone::postgres
