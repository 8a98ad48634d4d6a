// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/ask_engine.h"

#include <cstdio>
#include <cstdlib>

#include "apps/cli/engine_host.h"
#include "apps/cli/holder.h"
#include "apps/cli/open_store.h"

namespace hone::cli {
namespace {

constexpr Duration kPollEvery = std::chrono::milliseconds(20);
constexpr int kTries = 3;

/// A holder may be between taking the lock and making its data file.
Result<std::unique_ptr<Store>> OpenBesideHolder(const Config& config, Waiter& waiter) {
  while (true) {
    auto store = OpenStore(config, StoreAccess::kGuest);
    if (store.has_value()) {
      return store;
    }
    HONE_ASSIGN_OR_RETURN(const int holder, FindHolder(config));
    if (holder == 0 || holder == kDaemon) {
      return tl::make_unexpected(store.error());
    }
    static_cast<void>(waiter.Wait(kPollEvery));  // whatever woke it, the loop looks again
  }
}

/// An answer as the requests table holds it.
Result<Answer> Read(const Request& answered, int holder) {
  HONE_ASSIGN_OR_RETURN(std::string text, DecodeReply(answered.reply));
  return Answer{std::move(text), holder};
}

Result<Answer> AskOwn(EngineHost& host, const EngineRequest& request, Waiter& waiter,
                      const std::function<void()>& on_signal) {
  HONE_ASSIGN_OR_RETURN(std::string text, host.Ask(request, waiter, on_signal));
  return Answer{std::move(text), 0};
}

}  // namespace

Result<Answer> AskHolder(const Config& config, const EngineRequest& request, Waiter& waiter,
                         const std::function<void()>& on_signal) {
  HONE_ASSIGN_OR_RETURN(const int asked, FindHolder(config));
  HONE_ASSIGN_OR_RETURN(const auto store, OpenBesideHolder(config, waiter));
  const auto [kind, payload] = EncodeRequest(request);
  HONE_ASSIGN_OR_RETURN(const std::int64_t id, store->PostRequest(kind, payload));
  while (true) {
    HONE_ASSIGN_OR_RETURN(const int holder, FindHolder(config));
    // Asked after the holder was looked at: an answer given just before its death counts.
    HONE_ASSIGN_OR_RETURN(const Request posted, store->GetRequest(id));
    if (posted.answered) {
      return Read(posted, holder);
    }
    if (holder == 0) {
      return Fail(Code::kUnavailable, "the engine of " + config.data_dir.string() + " (process " +
                                          std::to_string(asked) +
                                          ") ended before it answered; try again");
    }
    if (waiter.Wait(kPollEvery) == Waiter::Woke::kSignal && on_signal) {
      on_signal();
    }
  }
}

Result<Answer> AskEngine(const Config& config, const EngineRequest& request, Waiter& waiter,
                         const std::function<void()>& on_signal) {
  for (int tries = 1;; ++tries) {
    HONE_ASSIGN_OR_RETURN(const auto host, EngineHost::Create(config));
    if (host != nullptr) {
      return AskOwn(*host, request, waiter, on_signal);
    }
    auto answer = AskHolder(config, request, waiter, on_signal);
    // The holder may have been about to leave when it was asked.
    if (answer.has_value() || answer.error().code != Code::kUnavailable || tries == kTries) {
      return answer;
    }
  }
}

void LeaveAtOnce() {
  std::fputs("hone: interrupted\n", stderr);
  std::_Exit(kExitInterrupted);
}

}  // namespace hone::cli
