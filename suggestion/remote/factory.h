// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "suggestion/remote/service_caller.h"
#include "suggestion/suggester.h"

namespace hone {

/// Makes suggesters that ask the service named by `spec.algorithm.endpoint`; experiments without
/// one are another factory's. Each asks on a thread of its own, so that a slow service keeps nobody
/// else waiting, and checks all that comes back.
///
/// Before its first question a suggester lets the service validate the experiment. Errors name the
/// service; those that may pass are kUnavailable, kDeadlineExceeded and kResourceExhausted.
/// @threads  Create is safe to call from several
class RemoteSuggesterFactory final : public SuggesterFactory {
 public:
  struct Parts {
    SuggesterFactory& others;
    ServiceCaller& caller;
    const Clock& clock;  ///< of the times that services are told
    /// Whether a trial of any experiment has this name; from a thread of the suggester's.
    std::function<bool(const std::string& trial_name)> is_taken;
  };
  /// @param parts  outlive the suggesters
  explicit RemoteSuggesterFactory(Parts parts) : parts_(std::move(parts)) {}

  Result<std::unique_ptr<Suggester>> Create(const ExperimentId& id, const ExperimentSpec& spec,
                                            const Origin& origin) override;

 private:
  Parts parts_;
};

}  // namespace hone
