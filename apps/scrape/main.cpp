// SPDX-License-Identifier: Apache-2.0
// hone-scrape PORT PATH FILE METRIC...: reads the Prometheus endpoint of one trial while it runs
// and keeps what it says in FILE. Started beside the trial by hone-shim, and told by TERM that the
// trial is over. Standard output, which is kept as the collector's log, gets a line for each new
// problem and a summary at the end.
#include <poll.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "base/text.h"
#include "metrics-collector/scrape/http_get.h"
#include "metrics-collector/scrape/scraper.h"
#include "trial-runner/local/attempt_files.h"

namespace hone {
namespace {

constexpr std::uint64_t kMostAnswer = std::uint64_t{4} << 20;
constexpr Duration kAnswerWithin = std::chrono::seconds(2);
constexpr int kMostProblems = 20;  // lines in the log
constexpr int kFirstMetric = 4;
constexpr int kLargestPort = 65535;

/// TERM comes as an event, so that no scrape is cut in the middle.
UniqueFd BlockTerm() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC));
}

/// @returns whether TERM has come
bool WaitForTerm(const UniqueFd& term, Duration longest) {
  pollfd fd = {.fd = term.get(), .events = POLLIN, .revents = 0};
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(longest).count();
  return ::poll(&fd, 1, static_cast<int>(millis)) > 0;
}

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

int Run(const HttpQuestion& question, std::vector<SampleSelector> metrics, PushedFile file) {
  const UniqueFd term = BlockTerm();
  const SystemClock clock;
  Scraper scraper(
      std::move(metrics), std::move(file), [&question] { return HttpGet(question); }, clock);
  const Timestamp begin = clock.Now();
  int problems = 0;
  do {
    const std::string problem = scraper.Look();
    if (!problem.empty() && ++problems <= kMostProblems) {
      Say(problem);
    }
  } while (!WaitForTerm(term, ScrapeInterval(clock.Now() - begin)));
  Say(scraper.Summary());
  return 0;
}

int Start(const std::vector<std::string>& words) {
  const auto port = ParseInt(words[1]);
  if (!port || *port < 1 || *port > kLargestPort) {
    Say("PORT must be a number from 1 to 65535");
    return 2;
  }
  std::vector<SampleSelector> metrics;
  for (std::size_t i = kFirstMetric; i < words.size(); ++i) {
    auto selector = ParseSelector(words[i]);
    if (!selector) {
      Say(selector.error().message);
      return 2;
    }
    metrics.push_back(*std::move(selector));
  }
  auto file = PushedFile::Open(words[3]);
  if (!file) {
    Say(file.error().message);
    return attempt_files::kCollectorBroken;
  }
  const HttpQuestion question{.port = static_cast<std::uint16_t>(*port),
                              .path = words[2],
                              .within = kAnswerWithin,
                              .most_bytes = kMostAnswer};
  return Run(question, std::move(metrics), *std::move(file));
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  if (argc <= hone::kFirstMetric) {
    std::fputs("usage: hone-scrape PORT PATH FILE METRIC... (started by hone)\n", stderr);
    return 2;
  }
  return hone::Start({argv, argv + argc});
}
