// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/executor.h"
#include "suggestion/suggester.h"

namespace hone {

namespace gp {
class Device;
}

/// Makes suggesters from the registered searchers of this program. Each works on a strand of its
/// own over the compute pool, so that experiments search side by side and none blocks a control
/// thread; one that takes microseconds answers where it is asked.
/// @threads  Create is safe to call from several
class InProcessSuggesterFactory final : public SuggesterFactory {
 public:
  /// The device that an experiment's models may use, by Origin::cpu_level; null: none.
  using DeviceOf = std::function<const gp::Device*(const std::string& cpu_level)>;
  /// @param compute  outlives the factory; suggesters keep its threads' strands alive themselves
  /// @param device_of  its devices outlive the suggesters and what `compute` still does for them;
  ///                   empty: there are none
  explicit InProcessSuggesterFactory(Executor& compute, DeviceOf device_of = {})
      : compute_(compute), device_of_(std::move(device_of)) {}

  /// An algorithm's own random_state wins over the seed.
  Result<std::unique_ptr<Suggester>> Create(const ExperimentId& id, const ExperimentSpec& spec,
                                            const Origin& origin) override;

 private:
  Executor& compute_;
  DeviceOf device_of_;
};

}  // namespace hone
