// SPDX-License-Identifier: Apache-2.0
// What `hone doctor` says of the device that models may be computed on.
#include "accelerator/accelerator.h"
#include "apps/cli/machine_checks.h"
#include "apps/cli/open_accelerator.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::size_t kLongestReason = 300;

std::string Word(const std::optional<std::int64_t>& from, const char* unit) {
  return from ? "from " + std::to_string(*from) + unit : "never";
}

}  // namespace

Check CheckAccelerator(const Config& config) {
  if (!ChosenAccelerator(config)) {
    return {"accelerator", Check::Verdict::kOk, "not asked for (--accelerator cuda)"};
  }
  const auto opened = OpenAccelerator(config);
  if (!opened.has_value()) {
    return {"accelerator", Check::Verdict::kWarn,
            "models are computed by the processor: " +
                Printable(opened.error().Text(), kLongestReason)};
  }
  const std::string name = Printable((*opened)->info().name, kLongestReason);
  const Thresholds& from = (*opened)->from();
  if (from.Never()) {
    return {"accelerator", Check::Verdict::kWarn,
            name + " works, but no model is computed faster on it: it is not used"};
  }
  return {"accelerator", Check::Verdict::kOk,
          name + ": factors " + Word(from.factor, " points") + ", predictions " +
              Word(from.predict, " (points squared times candidates)")};
}

}  // namespace hone::cli
