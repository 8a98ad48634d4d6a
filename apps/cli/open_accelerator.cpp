// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/open_accelerator.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "accelerator/accelerator.h"
#include "base/log.h"
#include "base/text.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libhone_cuda.so";

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Beside the program, as the build leaves it, or where an installation has libraries.
fs::path LibraryFile() {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path installed = folder.parent_path() / "lib" / kLibrary;
  return fs::exists(installed, ignored) ? installed : folder / kLibrary;
}

}  // namespace

Result<std::optional<AcceleratorChoice>> ParseAccelerator(const std::string& text) {
  constexpr std::string_view kCuda = "cuda";
  constexpr std::int64_t kMostDevices = 1024;
  if (text == "none") {
    return std::nullopt;
  }
  if (text.starts_with('/')) {
    return AcceleratorChoice{.library = text};
  }
  if (text == kCuda) {
    return AcceleratorChoice{};
  }
  std::optional<std::int64_t> ordinal;
  if (text.starts_with("cuda:")) {
    ordinal = ParseInt(std::string_view(text).substr(kCuda.size() + 1));
  }
  if (!ordinal || *ordinal < 0 || *ordinal >= kMostDevices) {
    return Fail(Code::kInvalidArgument,
                "must be none, cuda, cuda:N or the absolute path of a library, not '" +
                    Printable(text, 60) + "'");
  }
  return AcceleratorChoice{.ordinal = static_cast<int>(*ordinal)};
}

std::optional<AcceleratorChoice> ChosenAccelerator(const Config& config) {
  const auto found = std::ranges::find(config.effective, "accelerator", &EffectiveValue::key);
  // What stands there was parsed once before, or is the default.
  return found == config.effective.end() ? std::nullopt
                                         : ParseAccelerator(found->value).value_or(std::nullopt);
}

Result<std::unique_ptr<Accelerator>> OpenAccelerator(const Config& config) {
  const std::optional<AcceleratorChoice> choice = ChosenAccelerator(config);
  if (!choice) {
    return nullptr;
  }
  return Accelerator::Open(choice->library.empty() ? LibraryFile() : choice->library,
                           choice->ordinal, &Seconds);
}

std::unique_ptr<Accelerator> AcceleratorOrNone(const Config& config) {
  auto opened = OpenAccelerator(config);
  if (!opened.has_value()) {
    HONE_LOG(kWarn, "accelerator_unavailable", {"why", opened.error().Text()},
             {"used", "the processor"});
    return nullptr;
  }
  return *std::move(opened);
}

}  // namespace hone::cli
