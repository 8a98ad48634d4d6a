// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "api/proto/hone/v1/hone.pb.h"
#include "api/server/daemon/parts.h"

namespace hone::daemon {

namespace pb = ::hone::v1;

/// The calls that are answered many times, as sources: whoever writes to the client pulls the next
/// part when the last one is written, so a slow client costs nothing but its connection.
/// @threads  one at a time; may block on the store
template <class Message>
class Source {
 public:
  virtual ~Source() = default;
  /// What there is now, at most a part; nothing: not yet.
  virtual Result<std::vector<Message>> Next() = 0;
  /// Nothing will come any more.
  [[nodiscard]] virtual bool Over() const { return false; }
};

/// Everything recorded from a position on, in the caller's namespaces.
/// @errors kNotFound: no such experiment
Result<std::unique_ptr<Source<pb::WatchResponse>>> Watch(const Parts& parts, const Caller& caller,
                                                         const pb::WatchRequest& request);
/// What a trial wrote. @errors kNotFound; kInvalidArgument
Result<std::unique_ptr<Source<pb::LogChunk>>> Logs(const Parts& parts,
                                                   const pb::GetLogsRequest& request);

}  // namespace hone::daemon
