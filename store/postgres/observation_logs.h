// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "store/observation_logs.h"

namespace hone {

struct PostgresLogOptions {
  /// How long a report is tried again while the server is away.
  Duration patience = std::chrono::minutes(2);
};

/// Observation logs in the table `observation_logs` of a PostgreSQL database: one of Katib's, with
/// its columns as they are and nothing added to it, or one in which the table is made. Several
/// processes may share it, Katib's db-manager among them. Entries of Katib's without a time are not
/// shown. Server: 10 or later.
/// @param url  as PostgresStore's
/// @errors kInvalidArgument (URL), kUnavailable, kPermissionDenied; kFailedPrecondition: the table
///         there has other columns, or the database is not in UTF-8
Result<std::unique_ptr<ObservationLogs>> OpenPostgresLogs(const std::string& url,
                                                          const PostgresLogOptions& options);

}  // namespace hone
