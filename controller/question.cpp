// SPDX-License-Identifier: Apache-2.0
#include "controller/question.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/guarded.h"
#include "base/log.h"
#include "controller/callback.h"
#include "controller/retry.h"

namespace hone {
namespace {

constexpr int kMaxTries = 6;
constexpr Duration kFirstRetry = std::chrono::milliseconds(500);  // doubled each time: 16 s in all

}  // namespace

Question::Question(std::unique_ptr<Suggester> suggester, std::shared_ptr<Executor> strand,
                   std::string runner, Answer answer)
    : suggester_(std::move(suggester)),
      strand_(std::move(strand)),
      runner_(std::move(runner)),
      answer_(std::move(answer)) {}

void Question::Ask(const command::AskSuggester& ask, Version based_on,
                   std::optional<std::uint32_t> trials_left) {
  request_ = SuggestRequest{ask.reservation,
                            based_on,
                            std::exchange(untold_, {}),
                            {},
                            trials_left,
                            std::exchange(untold_at_, {})};
  for (std::uint32_t i = 0; i < ask.count; ++i) {
    request_.numbers.push_back(ask.first + i);
  }
  tries_ = 0;
  Send();
}

/// A suggester that answers before it returns is taken at its word here and now; what comes later
/// comes by the strand.
void Question::Send() {
  struct Soon {
    bool over = false;
    std::optional<Result<SuggestReply>> reply;
  };
  ++tries_;
  const Version reservation = request_.reservation;
  const auto soon = std::make_shared<Guarded<Soon>>();
  const auto later = OnStrand(strand_, weak_from_this(),
                              [reservation](Question& self, const Result<SuggestReply>& reply) {
                                self.OnReply(reservation, reply);
                              });
  suggester_->Ask(request_, [soon, later](Result<SuggestReply> reply) {
    const bool late = soon->WithLock([&](Soon& s) {
      if (!s.over) {
        s.reply = std::move(reply);
      }
      return s.over;
    });
    if (late) {
      later(std::move(reply));
    }
  });
  const auto reply = soon->WithLock([](Soon& s) {
    s.over = true;
    return std::exchange(s.reply, std::nullopt);
  });
  if (reply) {
    OnReply(reservation, *reply);
  }
}

void Question::OnReply(Version reservation, const Result<SuggestReply>& reply) {
  if (reservation != request_.reservation) {
    return;
  }
  if (reply.has_value()) {
    request_.deltas.clear();
    request_.recorded_at.clear();
    released_by_ = std::max(released_by_, reply->based_on);
    released_.insert(released_.end(), reply->released.begin(), reply->released.end());
    return answer_(input::Proposals{reply->reservation, reply->based_on, reply->answers, runner_,
                                    reply->expected_gain});
  }
  if (MayRepeat(reply.error().code) && tries_ < kMaxTries) {
    HONE_LOG(kWarn, "suggester_retry", {"try", tries_}, {"reason", reply.error().Text()});
    return SendLater(reservation);
  }
  answer_(input::SearchFailed{reservation, reply.error()});
}

std::vector<TrialNumber> Question::TakeReleased(Version durable) {
  return released_by_ <= durable ? std::exchange(released_, {}) : std::vector<TrialNumber>();
}

void Question::SendLater(Version reservation) {
  strand_->PostAfter(kFirstRetry * (1 << (tries_ - 1)), [weak = weak_from_this(), reservation] {
    const auto self = weak.lock();
    if (self != nullptr && self->request_.reservation == reservation) {
      self->Send();
    }
  });
}

}  // namespace hone
