// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"
#include "core/history.h"
#include "core/spec.h"
#include "suggestion/pupil.h"
#include "suggestion/server/trial_book.h"

namespace api::v1::beta1 {
class Experiment;
class GetSuggestionsReply;
}  // namespace api::v1::beta1

namespace hone {

struct RequestParts;

/// One experiment of Katib's, at the search algorithm that it names. An answer is a function of
/// the request alone; the searcher that is kept between requests only saves work.
/// @threads  one at a time
class Study {
 public:
  /// @param trial_data  where the folders of trials are (lineage.h); empty: they cannot be reached
  /// @errors kInvalidArgument: the experiment, all that is wrong with it
  static Result<std::unique_ptr<Study>> Create(const api::v1::beta1::Experiment& experiment,
                                               const std::filesystem::path& trial_data = {});

  /// @param request  of this experiment. @param reply  gets as many assignments as were asked for
  /// @errors kInvalidArgument (the numbers, bytes that are no trial), kUnavailable (the algorithm
  ///         waits for results), kInternal
  Status Answer(const RequestParts& request, api::v1::beta1::GetSuggestionsReply& reply);

  [[nodiscard]] const ExperimentSpec& spec() const { return spec_; }

 private:
  Study(ExperimentSpec spec, std::uint64_t seed, std::filesystem::path trial_data)
      : spec_(std::move(spec)), seed_(seed), trial_data_(std::move(trial_data)), trials_(spec_) {}

  Status CatchUp();
  bool IsAsTold(const std::vector<TrialBook::Mark>& history);
  Status Tell(std::vector<HistoryItem> news, std::vector<TrialBook::Mark> marks);
  Status PassOver(TrialNumber first, std::size_t count);
  Result<std::vector<proposal::Start>> Choose(const ProposeRequest& request);
  Status AddLineage(TrialNumber number, const proposal::Start& start,
                    api::v1::beta1::GetSuggestionsReply& reply) const;

  ExperimentSpec spec_;
  std::uint64_t seed_;
  std::filesystem::path trial_data_;
  std::unique_ptr<Pupil> pupil_;  // null: to be made anew
  TrialBook trials_;
  std::vector<HistoryItem> told_;       // to the pupil
  std::vector<TrialBook::Mark> marks_;  // of what was told; trial 0: what no request showed
};

}  // namespace hone
