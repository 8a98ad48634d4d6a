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
using NvmlCall = int (*)();
using NvmlCount = int (*)(unsigned int*);

struct CloseLibrary {
  void operator()(void* library) const { dlclose(library); }
};

template <class F>
F Symbol(void* library, const char* name) {
  return reinterpret_cast<F>(dlsym(library, name));
}

std::uint32_t CountGpus(const std::string& path) {
  const std::unique_ptr<void, CloseLibrary> library(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (library == nullptr) {
    return 0;
  }
  const auto init = Symbol<NvmlCall>(library.get(), "nvmlInit_v2");
  const auto count = Symbol<NvmlCount>(library.get(), "nvmlDeviceGetCount_v2");
  const auto shutdown = Symbol<NvmlCall>(library.get(), "nvmlShutdown");
  if (init == nullptr || count == nullptr || shutdown == nullptr || init() != 0) {
    return 0;
  }
  unsigned int gpus = 0;
  const bool known = count(&gpus) == 0;
  shutdown();
  return known && gpus <= kMostGpus ? gpus : 0;
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

std::vector<std::string> DetectGpus(const std::string& library,
                                    const std::optional<std::string>& visible) {
  const std::uint32_t present = CountGpus(library);
  std::vector<std::string> names;
  if (present == 0) {
    return names;
  }
  if (!visible) {
    for (std::uint32_t i = 0; i < present; ++i) {
      names.push_back(std::to_string(i));
    }
    return names;
  }
  for (const std::string_view name : Split(*visible, ',')) {
    const std::optional<std::int64_t> index = ParseInt(Trim(name));
    if (Trim(name).empty() || (index && (*index < 0 || *index >= present))) {
      break;  // CUDA stops at the first invalid one, too
    }
    names.emplace_back(Trim(name));
  }
  return names;
}

}  // namespace hone::local
