// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "api/proto/hone/v1/hone.pb.h"
#include "api/server/daemon/parts.h"
#include "base/guarded.h"

namespace hone::daemon {

namespace pb = ::hone::v1;

/// One call that is a worker's end of a trial and its next question; answered once both are.
///
/// The end is told first, so that who is asked knows it. The question goes along while the end is
/// on its way to the disk, so that one write can have both.
/// @threads  safe; answers come on any thread
/// Life: shared; it lives until it has answered
class TellAndAsk : public std::enable_shared_from_this<TellAndAsk> {
 public:
  using Leave = std::function<void(std::function<void()> withdraw)>;
  using Tell = std::function<void(const Answer<pb::TellResponse>&)>;
  using Ask = std::function<void(const Answer<pb::AskResponse>&, const Leave&)>;

  /// @param leave  is told how to withdraw the question; may be empty
  TellAndAsk(Ask ask, Answer<pb::TellResponse> answer, Leave leave);

  /// @param along  the question need not wait until the end is recorded
  void Start(const Tell& tell, bool along);

 private:
  struct State {
    std::optional<Result<pb::TellResponse>> told;
    std::optional<Result<pb::AskResponse>> given;
    bool asked = false;
    std::function<void()> withdraw;
  };

  void OnTold(const Result<pb::TellResponse>& told);
  void AskNow();
  void KeepToWithdraw(const std::function<void()>& withdraw);
  void AnswerIfBoth();

  const Ask ask_;
  const Answer<pb::TellResponse> answer_;
  const Leave leave_;
  Guarded<State> state_;
};

}  // namespace hone::daemon
