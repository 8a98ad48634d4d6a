// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/proto/hone/v1/hone.pb.h"
#include "base/clock.h"
#include "base/result.h"
#include "core/event.h"
#include "core/projection.h"
#include "store/observations.h"

/// From messages of the wire to what a store reads; the other way round is daemon/convert.h.
namespace hone::client {

namespace pb = ::hone::v1;

/// Of times that are given; protobuf's own range fits into microseconds.
Timestamp TimeOf(const google::protobuf::Timestamp& at);
ExperimentRow RowOf(const pb::Experiment& experiment);
/// Without the metrics' summaries, which the ledger has.
TrialRow RowOf(const pb::Trial& trial);
/// @param id  its place among the trial's values
StoredRecord RecordOf(const pb::MetricValue& value, std::int64_t id);
/// @errors kDataLoss: no event that this version knows
Result<Recorded> EventOf(const pb::RecordedEvent& event);

}  // namespace hone::client
