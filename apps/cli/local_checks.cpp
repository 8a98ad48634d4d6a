// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/local_checks.h"

#include <limits>

#include "base/check.h"
#include "trial-runner/local/local_runner.h"

namespace hone::cli {
namespace {

[[noreturn]] void Never() {
  CheckFailed(__FILE__, __LINE__, "Check", "admission only checks");
}

}  // namespace

void LocalChecks::Check(const ExperimentSpec& spec, Problems& problems) const {
  constexpr auto kAny = std::numeric_limits<std::uint32_t>::max();
  CheckLocalTrials(spec, total_.value_or(Capacity{kAny, kAny}), problems);
  if (total_ && !problems.HasErrors()) {
    CheckContainerImage(spec, problems);
  }
}

std::string LocalChecks::Instance() const {
  Never();
}
Demand LocalChecks::DemandOf(const ExperimentSpec& /*spec*/) const {
  Never();
}
Capacity LocalChecks::Total() const {
  Never();
}
void LocalChecks::Launch(LaunchSpec /*spec*/, Done /*done*/) {
  Never();
}
void LocalChecks::Stop(TrialId /*id*/, Attempt /*attempt*/, StopMode /*mode*/, Done /*done*/) {
  Never();
}
void LocalChecks::Observe(const ExperimentId& /*experiment*/, Seen /*seen*/) {
  Never();
}
void LocalChecks::OnHint(std::function<void(TrialId)> /*hint*/) {
  Never();
}
Result<std::optional<Sighting>> LocalChecks::Look(TrialId /*id*/, Attempt /*attempt*/) {
  Never();
}
void LocalChecks::Forget(TrialId /*id*/, Attempt /*attempt*/) {
  Never();
}
Result<std::unique_ptr<ByteSource>> LocalChecks::OpenOutput(TrialId /*id*/, Attempt /*attempt*/,
                                                            const std::string& /*file*/) {
  Never();
}
Status LocalChecks::Remove(const ExperimentId& /*experiment*/) {
  Never();
}

}  // namespace hone::cli
