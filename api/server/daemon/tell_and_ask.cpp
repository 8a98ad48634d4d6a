// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/tell_and_ask.h"

#include <utility>

namespace hone::daemon {

TellAndAsk::TellAndAsk(Ask ask, Answer<pb::TellResponse> answer, Leave leave)
    : ask_(std::move(ask)), answer_(std::move(answer)), leave_(std::move(leave)) {}

void TellAndAsk::Start(const Tell& tell, bool along) {
  tell([self = shared_from_this()](const Result<pb::TellResponse>& told) { self->OnTold(told); });
  const bool now =
      along && state_.WithLock([](State& s) { return !s.told && !std::exchange(s.asked, true); });
  if (now) {
    AskNow();
  }
}

void TellAndAsk::OnTold(const Result<pb::TellResponse>& told) {
  bool ask = false;
  const auto withdraw = state_.WithLock([&](State& s) {
    s.told = told;
    ask = told && !std::exchange(s.asked, true);
    return s.withdraw;
  });
  if (!told) {
    if (withdraw) {
      withdraw();  // the worker will repeat both
    }
    return answer_(told);
  }
  ask ? AskNow() : AnswerIfBoth();
}

void TellAndAsk::AskNow() {
  ask_(
      [self = shared_from_this()](Result<pb::AskResponse> given) {
        self->state_.WithLock([&](State& s) { s.given = std::move(given); });
        self->AnswerIfBoth();
      },
      [self = shared_from_this()](const std::function<void()>& withdraw) {
        self->KeepToWithdraw(withdraw);
      });
}

/// An end that was refused in the meantime has nobody who waits for the question.
void TellAndAsk::KeepToWithdraw(const std::function<void()>& withdraw) {
  const bool in_vain = state_.WithLock([&](State& s) {
    s.withdraw = withdraw;
    return s.told && !*s.told;
  });
  if (in_vain) {
    withdraw();
  } else if (leave_) {
    leave_(withdraw);
  }
}

void TellAndAsk::AnswerIfBoth() {
  const auto both = state_.WithLock([](State& s) -> std::optional<pb::TellResponse> {
    if (!s.told || !*s.told || !s.given) {
      return std::nullopt;
    }
    pb::TellResponse out = **s.told;
    if (*s.given) {
      *out.mutable_next() = **s.given;
    }
    s.given.reset();  // so that it is answered once
    return out;
  });
  if (both) {
    answer_(*both);
  }
}

}  // namespace hone::daemon
