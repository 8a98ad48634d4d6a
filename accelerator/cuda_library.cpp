// SPDX-License-Identifier: Apache-2.0
#include "accelerator/cuda_library.h"

#include <dlfcn.h>

#include <string>

namespace hone {
namespace {

std::string Reason() {
  const char* const text = ::dlerror();  // NOLINT(concurrency-mt-unsafe): glibc's is of the thread
  return text == nullptr ? "no reason given" : text;
}

}  // namespace

Result<const HoneCudaApi*> LoadCudaLibrary(const std::filesystem::path& file) {
  // Everything is resolved at once, so that a missing part is told here and not in the middle of a
  // search; nothing in it takes the place of what the program has.
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Fail(Code::kNotFound, Reason());
  }
  const auto get = reinterpret_cast<HoneCudaApiFunction>(::dlsym(library, HONE_CUDA_SYMBOL));
  if (get == nullptr) {
    return Fail(Code::kFailedPrecondition, file.string() + " is no library for hone: " + Reason());
  }
  const HoneCudaApi* const api = get();
  if (api->abi != HONE_CUDA_ABI) {
    return Fail(Code::kFailedPrecondition, file.string() + " speaks version " +
                                               std::to_string(api->abi) + ", this hone version " +
                                               std::to_string(HONE_CUDA_ABI) +
                                               "; take the one that was built with it");
  }
  return api;
}

}  // namespace hone
