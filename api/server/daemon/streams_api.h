// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/proto/hone/v1/hone.pb.h"
#include "api/server/daemon/parts.h"

namespace hone::daemon {

namespace pb = ::hone::v1;

/// The bytes of a message; streams that send the same share them.
using Told = std::shared_ptr<const std::string>;

/// The calls that are answered many times, as sources: whoever writes to the client pulls the next
/// part when the last one is written, so a slow client costs nothing but its connection.
/// @threads  one at a time; may block on the store
class Source {
 public:
  virtual ~Source() = default;
  /// What there is now, at most a part; nothing: not yet.
  virtual Result<std::vector<Told>> Next() = 0;
  /// Nothing will come any more.
  [[nodiscard]] virtual bool Over() const { return false; }
  /// Calls `wake` once, on Parts::watchers, when it pays to ask again; at the latest after a
  /// second.
  virtual void Await(Task wake) = 0;
};

/// Everything recorded from a position on, in the caller's namespaces: WatchResponses.
/// @errors kNotFound: no such experiment
Result<std::unique_ptr<Source>> Watch(const Parts& parts, const Caller& caller,
                                      const pb::WatchRequest& request);
/// What a trial wrote: LogChunks. @errors kNotFound; kInvalidArgument
Result<std::unique_ptr<Source>> Logs(const Parts& parts, const pb::GetLogsRequest& request);

}  // namespace hone::daemon
