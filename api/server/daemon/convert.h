// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/proto/hone/v1/hone.pb.h"
#include "base/clock.h"
#include "base/result.h"
#include "core/observation.h"
#include "core/projection.h"
#include "store/ledger.h"
#include "store/observations.h"

/// From rows of the store to messages of the wire, and back.
namespace hone::daemon {

namespace pb = ::hone::v1;

pb::Experiment ExperimentOf(const ExperimentRow& row);
pb::Trial TrialOf(const ExperimentId& experiment, const TrialRow& row);
pb::MetricValue MetricOf(const StoredRecord& stored);
pb::RecordedEvent RecordedEventOf(const Recorded& recorded);
pb::WatchResponse EventOf(const Positioned& event);

/// JSON text of an object as a Struct; empty if it is none.
google::protobuf::Struct StructOf(std::string_view json);
google::protobuf::Timestamp TimeOf(Timestamp at);

using Values = google::protobuf::RepeatedPtrField<pb::MetricValue>;
/// Reported values. @param now  the time of those that have none and no step
/// @errors kInvalidArgument: a name or value too long or empty, too many, a time out of range
Result<std::vector<MetricRecord>> RecordsOf(const Values& values, Timestamp now);

/// A span of the wire within limits. @errors kInvalidArgument, with the field's name
struct Span {
  std::string field;
  Duration least;
  Duration most;
  Duration otherwise;  ///< if it is not given
};
Result<Duration> SpanOf(bool given, const google::protobuf::Duration& span, const Span& rule);

/// A page of a list.
struct Page {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string next;  ///< token of the next page; empty: there is none
};
struct PageRule {
  std::size_t most = 1000;
  std::size_t otherwise = 100;
};
/// How many a page has. @errors kInvalidArgument
Result<std::size_t> PageSize(std::int32_t size, const PageRule& rule);
/// Of a token that is a number; empty: 0. @errors kInvalidArgument
Result<std::uint64_t> TokenNumber(const std::string& token);
/// The page that begins at a place of a list. @errors kInvalidArgument: a size that is none
Result<Page> PageFrom(std::size_t begin, std::int32_t size, std::size_t items,
                      const PageRule& rule);
/// Of a list that only grows at its end: a token is a place.
/// @errors kInvalidArgument: a size or a token that is none
Result<Page> PageOf(std::int32_t size, const std::string& token, std::size_t items,
                    const PageRule& rule);

}  // namespace hone::daemon
