// SPDX-License-Identifier: Apache-2.0
// hone-pipeline ORDER: runs the steps of a trial that is a workflow. Started by hone-shim as the
// trial's process; TERM ends the steps. What the primary step prints goes to standard output.
// hone-pipeline --remove-containers --time=SECONDS ORDER: removes what is left of its containers.
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "trial-runner/local/pipeline/pipeline.h"

namespace hone {
namespace {

constexpr int kUsage = 64;
constexpr int kBroken = 70;
constexpr std::string_view kTime = "--time=";

int Broken(const Error& error) {
  std::printf("hone-pipeline: %s\n", error.Text().c_str());
  return kBroken;
}

Result<local::PipelineOrder> ReadOrder(const std::string& file) {
  HONE_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  return local::DecodeOrder(text);
}

int Run(const std::string& file) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const UniqueFd term(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  auto order = ReadOrder(file);
  if (!order.has_value()) {
    return Broken(order.error());
  }
  std::vector<std::string> environment;
  for (char** at = environ; *at != nullptr; ++at) {
    environment.emplace_back(*at);
  }
  const auto pipeline = local::Pipeline::Create(std::move(*order), environment);
  return pipeline.has_value() ? (*pipeline)->Run(term.get()) : Broken(pipeline.error());
}

int RemoveContainers(const std::string& time, const std::string& file) {
  const auto seconds = ParseInt(std::string_view(time).substr(kTime.size()));
  const auto order = ReadOrder(file);
  if (!order.has_value()) {
    return Broken(order.error());
  }
  const Status removed = local::RemoveContainers(*order, static_cast<int>(seconds.value_or(0)));
  return removed.has_value() ? 0 : Broken(removed.error());
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() == 2 && !words[1].starts_with("-")) {
    return hone::Run(words[1]);
  }
  if (words.size() == 4 && words[1] == "--remove-containers" && words[2].starts_with(hone::kTime)) {
    return hone::RemoveContainers(words[2], words[3]);
  }
  std::fputs("usage: hone-pipeline ORDER (started by hone)\n", stderr);
  return hone::kUsage;
}
