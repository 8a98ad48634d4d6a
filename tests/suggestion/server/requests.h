// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/proto/katib_v1beta1.pb.h"
#include "base/result.h"

namespace hone {
class Study;
}

/// Requests as Katib's controller writes them.
namespace hone::test {

namespace pb = ::api::v1::beta1;

/// Two numbers and a word; every registered algorithm can search it. Without settings those that
/// give budgets get r_l 8, eta 2, and n as the parameter that carries them.
pb::Experiment SmallExperiment(const std::string& algorithm,
                               const std::map<std::string, std::string>& settings = {});

/// @param second  when it starts, since some noon; it ends half a minute later
pb::Trial SucceededTrial(const std::string& name, const std::vector<std::string>& values,
                         int second, const std::string& loss);
pb::Trial PendingTrial(const std::string& name, const std::vector<std::string>& values);

/// Makes trials of replies and shows them with the next request, as a controller does.
class FakeController {
 public:
  explicit FakeController(pb::Experiment experiment) : experiment_(std::move(experiment)) {}

  [[nodiscard]] pb::GetSuggestionsRequest Request(int count) const;
  /// The trials of a reply succeed, each with its own loss: x x + 0.01 n, and 0.5 more if not "a".
  void Run(const pb::GetSuggestionsReply& reply);
  [[nodiscard]] std::vector<pb::Trial>& trials() { return trials_; }
  [[nodiscard]] const pb::Experiment& experiment() const { return experiment_; }

 private:
  void Overlay(const pb::GetSuggestionsReply& reply);

  pb::Experiment experiment_;
  std::vector<pb::Trial> trials_;
  int given_ = 0;
};

/// Asks as the service does: by the bytes of the request.
Status Ask(Study& study, const pb::GetSuggestionsRequest& request, pb::GetSuggestionsReply& reply);

/// One text for each suggestion: its values, joined.
std::vector<std::string> Texts(const pb::GetSuggestionsReply& reply);

}  // namespace hone::test
