// SPDX-License-Identifier: Apache-2.0
#include "accelerator/accelerator.h"

#include <algorithm>
#include <utility>

#include "accelerator/cuda_library.h"
#include "accelerator/measure.h"
#include "base/log.h"

namespace hone {

Result<std::unique_ptr<Accelerator>> Accelerator::Open(const std::filesystem::path& library,
                                                       int ordinal,
                                                       const std::function<double()>& seconds) {
  HONE_ASSIGN_OR_RETURN(const HoneCudaApi* const api, LoadCudaLibrary(library));
  HONE_ASSIGN_OR_RETURN(auto device, CudaDevice::Open(*api, ordinal));
  HONE_RETURN_IF_ERROR(CheckNumbers(*device));
  const Thresholds from = Measure(*device, seconds);
  if (const auto why = device->Broken()) {
    return Fail(Code::kUnavailable, *why);
  }
  return std::make_unique<Accelerator>(std::move(device), from);
}

Accelerator::Accelerator(std::unique_ptr<CudaDevice> device, const Thresholds& from)
    : device_(std::move(device)), identity_(IdentityOf(device_->info())), from_(from) {}

std::string Accelerator::LevelFor(std::string_view instruction_set) const {
  return from_.Never() || device_->Broken() ? std::string(instruction_set)
                                            : LevelText(instruction_set, {identity_, from_});
}

const gp::Device* Accelerator::For(std::string_view level) {
  const std::optional<DeviceLevel> recorded = DeviceOfLevel(level);
  if (!recorded) {
    return nullptr;
  }
  if (recorded->identity != identity_) {
    HONE_LOG(kWarn, "accelerator_differs", {"recorded", recorded->identity}, {"here", identity_},
             {"used", "the processor"});
    return nullptr;
  }
  return uses_.WithLock([&](Uses& uses) -> const gp::Device* {
    const auto found = std::ranges::find(uses, recorded->from, &Uses::value_type::first);
    if (found != uses.end()) {
      return found->second.get();
    }
    uses.emplace_back(recorded->from, std::make_unique<UsedFrom>(*device_, recorded->from));
    return uses.back().second.get();
  });
}

}  // namespace hone
