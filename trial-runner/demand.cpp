// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/demand.h"

#include <vector>

#include "base/text.h"

namespace hone {
namespace {

std::string Counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

std::string MemoryText(std::uint64_t bytes) {
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  // Two digits behind the point, rounded up: less would not do.
  const std::uint64_t unit = bytes >= kGiB ? kGiB : kMiB;
  const std::uint64_t hundredths = (bytes * 100 + unit - 1) / unit;
  return FormatDouble(static_cast<double>(hundredths) / 100) + (unit == kGiB ? " GiB" : " MiB");
}

std::string DemandText(const Demand& demand) {
  std::vector<std::string> parts;
  if (demand.cpus > 0) {
    parts.push_back(Counted(demand.cpus, "CPU"));
  }
  if (demand.gpus > 0) {
    parts.push_back(Counted(demand.gpus, "GPU"));
  }
  if (demand.memory_bytes > 0) {
    parts.push_back(MemoryText(demand.memory_bytes) + " of memory");
  }
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    text += (i == 0 ? "" : last ? " and " : ", ") + parts[i];
  }
  return text.empty() ? "nothing" : text;
}

std::string WhyNever(const Demand& demand, const Capacity& total) {
  Demand missing{.cpus = 0, .gpus = 0};
  missing.gpus = demand.gpus > total.gpus ? demand.gpus : 0;
  if (missing.gpus > 0) {
    return "a trial asks for " + DemandText(missing) + ", this machine has " +
           std::to_string(total.gpus);
  }
  if (total.memory_bytes > 0 && demand.memory_bytes > total.memory_bytes) {
    return "a trial asks for " + MemoryText(demand.memory_bytes) +
           " of memory, this machine offers " + MemoryText(total.memory_bytes) +
           "; ask for less, or declare more with --memory";
  }
  return "";
}

}  // namespace hone
