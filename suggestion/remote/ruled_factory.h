// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "suggestion/remote/service_caller.h"
#include "suggestion/suggester.h"

namespace hone {

/// Makes suggesters whose trials take the rules of the service named by
/// `spec.earlyStopping.endpoint` with them; experiments without one are another factory's alone.
/// The search itself is the other factory's, too: as with Katib, the service is asked for rules
/// right after each answer of the search, and all trials of the answer get them.
///
/// Before its first question a suggester lets the service validate the settings. Errors name the
/// service and `spec.earlyStopping.endpoint`; those that may pass are kUnavailable,
/// kDeadlineExceeded and kResourceExhausted, and asking again does not search again.
/// @threads  Create is safe to call from several
class RuledSuggesterFactory final : public SuggesterFactory {
 public:
  struct Parts {
    SuggesterFactory& others;
    ServiceCaller& caller;
    /// HOST:PORT of a DBManager that tells what the trials reported; may block. From a thread of
    /// the suggester's.
    std::function<Result<std::string>()> log_address;
  };
  /// @param parts  outlive the suggesters
  explicit RuledSuggesterFactory(Parts parts) : parts_(std::move(parts)) {}

  Result<std::unique_ptr<Suggester>> Create(const ExperimentId& id, const ExperimentSpec& spec,
                                            const Origin& origin) override;

 private:
  Parts parts_;
};

}  // namespace hone
