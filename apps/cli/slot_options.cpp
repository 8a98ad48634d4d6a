// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/slot_options.h"

#include <algorithm>
#include <cctype>

#include "apps/cli/size.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::int64_t kMostGpus = 1'000'000;

bool IsName(const std::string& name) {
  return std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '/' || c == '.';
  });
}

/// As it was written; empty: it is the default.
std::string Written(const Config& config, std::string_view key) {
  const auto found = std::ranges::find(config.effective, key, &EffectiveValue::key);
  return found == config.effective.end() || found->source == "default" ? "" : found->value;
}

}  // namespace

Result<DeclaredGpus> ParseGpus(const std::string& text) {
  const auto number = ParseInt(text);
  if (number && (*number < 0 || *number > kMostGpus)) {
    return Fail(Code::kInvalidArgument,
                "must be a whole number from 0 to 1000000, not '" + Printable(text, 60) + "'");
  }
  if (number) {
    return DeclaredGpus{.count = static_cast<std::uint32_t>(*number), .names = {}};
  }
  DeclaredGpus gpus;
  for (const std::string_view part : Split(text, ',')) {
    const std::string name(Trim(part));
    if (!IsName(name) || std::ranges::count(gpus.names, name) > 0) {
      return Fail(Code::kInvalidArgument,
                  "must be a whole number from 0, or names such as 0,1 or GPU-8932f937,MIG-4d2a, "
                  "not '" +
                      Printable(text, 60) + "'");
    }
    if (!name.empty()) {
      gpus.names.push_back(name);
    }
  }
  gpus.count = static_cast<std::uint32_t>(gpus.names.size());
  return gpus;
}

LocalOptions SlotOptions(const Config& config) {
  LocalOptions options;
  options.cpus = config.cpus.value_or(0);
  options.gpus = config.gpus;
  if (const std::string gpus = Written(config, "gpus"); !gpus.empty()) {
    options.gpu_names = ParseGpus(gpus).value_or(DeclaredGpus()).names;
  }
  if (const std::string memory = Written(config, "memory"); !memory.empty()) {
    options.memory_bytes = ParseSize(memory);
  }
  return options;
}

}  // namespace hone::cli
