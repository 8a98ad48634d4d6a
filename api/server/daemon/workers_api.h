// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/proto/hone/v1/hone.pb.h"
#include "api/server/daemon/parts.h"
#include "base/guarded.h"

namespace hone::daemon {

namespace pb = ::hone::v1;

/// The calls of hone.v1.Workers: ask, and tell.
/// @threads  safe; a call may block on the store, so it belongs on Parts::readers, unless it
/// IsKnown
class WorkersApi : public std::enable_shared_from_this<WorkersApi> {
 public:
  explicit WorkersApi(const Parts& parts) : parts_(parts) {}

  /// Whether the call can be taken on a thread that must not wait: all that it needs is known.
  [[nodiscard]] bool IsKnown(const pb::AskRequest& request) const;
  [[nodiscard]] bool IsKnown(const pb::ReportRequest& request) const;
  [[nodiscard]] bool IsKnown(const pb::TellRequest& request) const;
  [[nodiscard]] bool IsKnown(const pb::RenewRequest& request) const;

  /// @param leave  is told how to withdraw the question, if it waits; may be empty
  using Leave = std::function<void(std::function<void()> withdraw)>;
  void Ask(const pb::AskRequest& request, const Answer<pb::AskResponse>& answer,
           const Leave& leave);
  void Renew(const pb::RenewRequest& request, const Answer<pb::RenewResponse>& answer);
  void Report(const pb::ReportRequest& request, const Answer<pb::ReportResponse>& answer);
  void Tell(const pb::TellRequest& request, const Answer<pb::TellResponse>& answer,
            const Leave& leave);

  /// Something new is in the ledger: who waits for trials of an ended experiment is answered.
  void OnChange();
  /// Answers all who wait: the daemon is ending.
  void Close();

 private:
  /// What a worker says of a trial.
  struct Said {
    TrialId id;
    Attempt attempt = 0;
    std::string trial;
    std::vector<MetricRecord> records;
  };
  enum class Standing { kCurrent, kOver, kOtherAttempt };

  /// Experiments that somebody waits for.
  struct Asked {
    std::map<ExperimentId, request::Name> names;
    std::map<std::pair<std::string, std::string>, ExperimentId> ids;  // by namespace and name
  };

  [[nodiscard]] bool IsKnown(const std::string& trial) const;
  void TellOnly(const pb::TellRequest& request, const Answer<pb::TellResponse>& answer);
  /// Of an experiment that somebody has asked for before, and that is driven here.
  [[nodiscard]] std::optional<ExperimentId> KnownId(const request::Name& name) const;
  /// Of an experiment that gives trials; nothing: it does not, or not any more.
  Result<std::optional<ExperimentId>> GivingId(const request::Name& name);
  Result<Said> Read(const std::string& trial, std::int32_t attempt);
  [[nodiscard]] std::optional<TrialId> GivenId(const std::string& trial) const;
  Result<TrialId> IdOf(const std::string& trial);
  void Remember(const std::vector<LeasedTrial>& trials);
  /// What is answered if there was no trial to give. May block on the store.
  Result<pb::AskResponse> WhyNone(const request::Name& name);
  /// Remembers that somebody waits. @errors kFailedPrecondition: it is not for workers
  Status BeginAsking(const ExperimentId& id, const request::Name& name);
  void DismissEnded();
  Result<Standing> StandingOf(const Said& said);
  /// Keeps values of an attempt that is over. @param then  once they are recorded
  void KeepLate(const Said& said, std::function<void(Status)> then);
  /// Answers a Tell: when its end is recorded, or by what is known of its attempt.
  std::function<void(const Status&)> WhenTold(const Said& said,
                                              const Answer<pb::TellResponse>& answer);
  void TellEnd(const Said& said, Ending ending, const Answer<pb::TellResponse>& answer);
  void TellPruned(const Said& said, const Answer<pb::TellResponse>& answer);
  /// Answers a Tell(PRUNED) whose values are recorded, once the attempt is over.
  void TellEnded(const Said& said, const Answer<pb::TellResponse>& answer);
  /// Answers a Tell that came when its attempt was not known to run.
  void TellLate(const Said& said, const Answer<pb::TellResponse>& answer);

  Parts parts_;
  Guarded<Asked> asked_;
  Guarded<std::map<std::string, TrialId, std::less<>>> given_;  // by name; the store knows it, too
  std::atomic<bool> looking_ = false;
};

}  // namespace hone::daemon
