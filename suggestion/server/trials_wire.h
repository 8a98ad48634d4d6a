// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/history.h"
#include "core/spec.h"

namespace google::protobuf {
template <class T>
class RepeatedPtrField;
}
namespace api::v1::beta1 {
class Trial;
}

namespace hone {

/// What the trials of a request say, in an order that depends on the request's content only.
struct TrialsTold {
  /// Numbered from 1 by start. Proposals and endings stand in the order of their times, so that a
  /// later request of the same experiment usually begins with what an earlier one said.
  std::vector<HistoryItem> history;
  std::vector<Assignment> values;  ///< of trial 1, 2, ...
  std::vector<std::string> names;  ///< of the same
  std::size_t passed_over = 0;     ///< trials that do not fit the space, or come twice
};

/// Katib's conditions as lessons. SUCCEEDED and EARLYSTOPPED teach the objective's value, FAILED
/// that the configuration does not work, KILLED and a SUCCEEDED without a value nothing. All others
/// are pending. Trials with values outside of the space, without a parameter, without a name, or
/// with a name that was there before are passed over.
/// Names that tell a lineage (lineage.h) give the proposals their tags and parents, and what they
/// left is the folder of that name.
TrialsTold ReadTrials(const ExperimentSpec& spec,
                      const google::protobuf::RepeatedPtrField<api::v1::beta1::Trial>& trials);

}  // namespace hone
