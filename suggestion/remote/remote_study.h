// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/history.h"
#include "core/ids.h"
#include "core/input.h"
#include "core/spec.h"

namespace hone {

/// One experiment as one of Katib's suggestion or early-stopping services is told it, in the JSON
/// form of Katib's messages, and what the service answers. A function of the ledger: a restart
/// makes the same requests again.
///
/// What a service wants to remember are settings in its replies, which it is told again with the
/// next request. They, the names that it gives and the times travel through the ledger as the tags
/// of its proposals (tag.h).
/// @threads  one at a time
class RemoteStudy {
 public:
  RemoteStudy(ExperimentId id, const ExperimentSpec& spec);
  ~RemoteStudy();
  RemoteStudy(const RemoteStudy&) = delete;
  RemoteStudy& operator=(const RemoteStudy&) = delete;

  /// Items that were told before (by their seq) are skipped.
  /// @param recorded_at  of each item; empty: not known
  void Tell(History items, std::span<const Timestamp> recorded_at);
  /// How many trials there are.
  [[nodiscard]] std::size_t size() const { return trials_.size(); }

  /// A ValidateAlgorithmSettingsRequest: with the settings of the file.
  [[nodiscard]] std::string ValidateRequest() const;
  /// A GetSuggestionsRequest. @param before  trials that come first and are not told yet
  [[nodiscard]] std::string SuggestRequest(std::size_t count, std::size_t before) const;
  /// A GetEarlyStoppingRulesRequest. @param log_address  of a DBManager that knows the trials
  [[nodiscard]] std::string RulesRequest(const std::string& log_address) const;
  /// A ValidateEarlyStoppingSettingsRequest.
  [[nodiscard]] std::string ValidateRulesRequest() const;
  /// The proposals of a GetSuggestionsReply that came now.
  /// @errors kUnavailable: one that cannot be, naming suggestion, parameter and value
  [[nodiscard]] Result<std::vector<Proposal>> Read(std::string_view reply, std::size_t count,
                                                   Timestamp now) const;

 private:
  struct Trial {
    std::string name;
    Assignment values;
    Timestamp started;
    std::string completed{};
    const char* condition = "RUNNING";
    std::optional<double> value{};  ///< of the objective, as reported
    bool hidden = false;            ///< stopped early before anything was seen: Katib shows none
  };
  struct Teller;
  using Overlay = std::vector<Setting>;

  [[nodiscard]] nlohmann::json Experiment(const Overlay& overlay) const;
  [[nodiscard]] nlohmann::json EarlyStopping() const;
  [[nodiscard]] nlohmann::json Trials() const;
  [[nodiscard]] nlohmann::json Objective() const;
  [[nodiscard]] nlohmann::json TrialObject(const Trial& trial) const;

  ExperimentId id_;
  ExperimentSpec spec_;
  bool tags_are_ours_;                         // the search is a service's, too
  std::vector<Trial> trials_;                  // in the order of the ledger
  std::map<TrialNumber, std::size_t> places_;  // in trials_
  std::set<std::string> names_;                // of trials_
  Overlay overlay_;
  Version told_ = 0;
};

}  // namespace hone
