// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/executor.h"
#include "suggestion/suggester.h"

namespace hone {

/// Makes suggesters from the registered searchers of this program. Each works on a strand of its
/// own over the compute pool, so that experiments search side by side and none blocks a control
/// thread.
/// @threads  Create is safe to call from several
class InProcessSuggesterFactory final : public SuggesterFactory {
 public:
  /// @param compute  outlives the factory; suggesters keep its threads' strands alive themselves
  explicit InProcessSuggesterFactory(Executor& compute) : compute_(compute) {}

  /// An algorithm's own random_state wins over `seed`.
  Result<std::unique_ptr<Suggester>> Create(const ExperimentId& id, const ExperimentSpec& spec,
                                            std::uint64_t seed) override;

 private:
  Executor& compute_;
};

}  // namespace hone
