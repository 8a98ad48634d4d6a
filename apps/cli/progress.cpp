// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <variant>

#include "apps/cli/view.h"

namespace hone::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;
constexpr std::string_view kClearLine = "\r\x1b[K";

/// One column stays free: writing into the last one makes some terminals wrap.
std::size_t LiveWidth(std::FILE* out) {
  winsize size{};
  if (::ioctl(::fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col < 2) {
    return kUsualWidth - 1;
  }
  return size.ws_col - 1U;
}

/// On a terminal the live line tells the rest.
bool IsNews(const Event& event) {
  return !std::holds_alternative<event::TrialRunning>(event) &&
         !std::holds_alternative<event::TrialSucceeded>(event);
}

void Write(std::FILE* out, std::string_view text) {
  // A terminal that went away must not stop the experiment: progress is lost, nothing else.
  [[maybe_unused]] const std::size_t written = std::fwrite(text.data(), 1, text.size(), out);
  [[maybe_unused]] const int flushed = std::fflush(out);
}

}  // namespace

Progress::Progress(std::FILE* out, bool terminal, Timestamp since)
    : out_(out), terminal_(terminal), since_(since) {}

Progress::~Progress() {
  Clear();
}

void Progress::OnEvent(const ExperimentState& state, const Recorded& recorded) {
  if (terminal_ && !IsNews(recorded.event)) {
    return;
  }
  if (const std::string line = ChangeLine(state, recorded); !line.empty()) {
    WriteLine(state.spec->name + ": " + line);
  }
}

void Progress::Tick(const ExperimentState& state, Timestamp now) {
  if (!terminal_ || state.spec == nullptr) {
    return;
  }
  std::string line = LiveLine(state, since_, now, LiveWidth(out_));
  if (line != drawn_) {
    Write(out_, std::string(kClearLine) + line);
    drawn_ = std::move(line);
  }
}

void Progress::Say(std::string_view line) {
  WriteLine("hone: " + std::string(line));
}

void Progress::Clear() {
  if (!drawn_.empty()) {
    Write(out_, kClearLine);
    drawn_.clear();
  }
}

void Progress::WriteLine(std::string_view line) {
  Clear();
  Write(out_, std::string(line) + "\n");
}

bool StderrIsTerminal() {
  const char* const term = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): never changed
  return ::isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace hone::cli
