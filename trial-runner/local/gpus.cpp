// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/gpus.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/text.h"

namespace hone::local {
namespace {

constexpr std::uint32_t kMostGpus = 1024;  // a library that tells more is not NVML

// NVML's C interface, as far as it is used here: functions return 0 on success.
using Device = void*;
using NvmlCall = int (*)();
using NvmlCount = int (*)(unsigned int*);
using NvmlDeviceAt = int (*)(unsigned int, Device*);
using NvmlText = int (*)(Device, char*, unsigned int);
using NvmlMigMode = int (*)(Device, unsigned int*, unsigned int*);
using NvmlDeviceCount = int (*)(Device, unsigned int*);
using NvmlMigAt = int (*)(Device, unsigned int, Device*);
struct NvmlMemory {
  unsigned long long total = 0;
  unsigned long long free = 0;
  unsigned long long used = 0;
};
using NvmlMemoryOf = int (*)(Device, NvmlMemory*);

struct CloseLibrary {
  void operator()(void* library) const { dlclose(library); }
};

// The driver's library between its start and its end. Functions that an old one lacks are null:
// then it is not known what they would tell.
class Nvml {
 public:
  explicit Nvml(const std::string& path) : library_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    const auto init = Get<NvmlCall>("nvmlInit_v2");
    shutdown_ = Get<NvmlCall>("nvmlShutdown");
    started_ = init != nullptr && shutdown_ != nullptr && init() == 0;
  }
  ~Nvml() {
    if (started_) {
      shutdown_();
    }
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  // @returns what a function of the library tells, the value as it was if there is none or it fails
  template <class Function, class Value, class... Arguments>
  Value Ask(const char* name, Value value, Arguments... arguments) const {
    const auto function = started_ ? Get<Function>(name) : nullptr;
    Value told = value;
    return function != nullptr && function(arguments..., &told) == 0 ? told : value;
  }
  [[nodiscard]] std::string Text(const char* name, Device device) const {
    char text[128] = "";
    const auto function = started_ ? Get<NvmlText>(name) : nullptr;
    const bool told = function != nullptr && function(device, text, sizeof(text)) == 0;
    text[sizeof(text) - 1] = '\0';
    return told ? text : "";
  }
  [[nodiscard]] bool HasMig(Device device) const {
    const auto function = started_ ? Get<NvmlMigMode>("nvmlDeviceGetMigMode") : nullptr;
    unsigned int now = 0;
    unsigned int later = 0;
    return function != nullptr && function(device, &now, &later) == 0 && now == 1;
  }

 private:
  template <class F>
  F Get(const char* name) const {
    return library_ == nullptr ? nullptr : reinterpret_cast<F>(dlsym(library_.get(), name));
  }

  std::unique_ptr<void, CloseLibrary> library_;
  NvmlCall shutdown_ = nullptr;
  bool started_ = false;
};

GpuInfo Describe(const Nvml& nvml, Device device, std::string name) {
  if (device == nullptr) {
    return {.name = std::move(name), .model = ""};
  }
  const auto memory = nvml.Ask<NvmlMemoryOf>("nvmlDeviceGetMemoryInfo", NvmlMemory(), device);
  return {.name = std::move(name),
          .model = nvml.Text("nvmlDeviceGetName", device),
          .memory_bytes = memory.total};
}

// The MIG devices that a GPU is cut into.
void AddMigDevices(const Nvml& nvml, Device gpu, std::vector<GpuInfo>& found) {
  const unsigned int most =
      std::min(nvml.Ask<NvmlDeviceCount>("nvmlDeviceGetMaxMigDeviceCount", 0U, gpu), kMostGpus);
  for (unsigned int i = 0; i < most; ++i) {
    const Device device =
        nvml.Ask<NvmlMigAt>("nvmlDeviceGetMigDeviceHandleByIndex", Device(nullptr), gpu, i);
    std::string name = device == nullptr ? "" : nvml.Text("nvmlDeviceGetUUID", device);
    if (!name.empty()) {
      found.push_back(Describe(nvml, device, std::move(name)));
    }
  }
}

}  // namespace

GpuPool::GpuPool(std::vector<std::string> names) {
  for (std::string& name : names) {
    gpus_.push_back({std::move(name)});
  }
}

std::optional<std::vector<std::string>> GpuPool::Take(std::size_t count) {
  std::vector<std::string> names;
  for (const Gpu& gpu : gpus_) {
    if (gpu.users == 0 && names.size() < count) {
      names.push_back(gpu.name);
    }
  }
  if (names.size() < count) {
    return std::nullopt;
  }
  TakeNamed(names);
  return names;
}

void GpuPool::TakeNamed(const std::vector<std::string>& names) {
  for (Gpu& gpu : gpus_) {
    gpu.users += static_cast<int>(std::ranges::count(names, gpu.name));
  }
}

void GpuPool::Give(const std::vector<std::string>& names) {
  for (Gpu& gpu : gpus_) {
    gpu.users -= static_cast<int>(std::ranges::count(names, gpu.name));
  }
}

std::vector<GpuInfo> ListGpus(const std::string& library) {
  const Nvml nvml(library);
  const unsigned int count = nvml.Ask<NvmlCount>("nvmlDeviceGetCount_v2", 0U);
  std::vector<GpuInfo> found;
  for (unsigned int i = 0; i < count && count <= kMostGpus; ++i) {
    const Device gpu = nvml.Ask<NvmlDeviceAt>("nvmlDeviceGetHandleByIndex_v2", Device(nullptr), i);
    if (gpu != nullptr && nvml.HasMig(gpu)) {
      AddMigDevices(nvml, gpu, found);
    } else {
      found.push_back(Describe(nvml, gpu, std::to_string(i)));
    }
  }
  return found;
}

std::vector<std::string> DetectGpus(const std::string& library,
                                    const std::optional<std::string>& visible) {
  const std::vector<GpuInfo> present = ListGpus(library);
  std::vector<std::string> names;
  if (present.empty()) {
    return names;
  }
  if (!visible) {
    for (const GpuInfo& gpu : present) {
      names.push_back(gpu.name);
    }
    return names;
  }
  for (const std::string_view name : Split(*visible, ',')) {
    const std::string wanted(Trim(name));
    const bool there = std::ranges::find(present, wanted, &GpuInfo::name) != present.end();
    if (wanted.empty() || (ParseInt(wanted) && !there)) {
      break;  // CUDA stops at the first invalid one, too
    }
    names.push_back(wanted);
  }
  return names;
}

}  // namespace hone::local
