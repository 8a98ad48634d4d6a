// SPDX-License-Identifier: Apache-2.0
#include "suggestion/inprocess/factory.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/crash.h"
#include "suggestion/pupil.h"

namespace hone {
namespace {

Result<SuggestReply> Answer(Pupil& pupil, SuggestRequest& request) {
  HONE_RETURN_IF_ERROR(pupil.Tell(request.deltas));
  HONE_ASSIGN_OR_RETURN(auto answers, pupil.Ask({.numbers = std::move(request.numbers),
                                                 .trials_left = request.trials_left}));
  return SuggestReply{request.reservation, request.based_on, std::move(answers),
                      pupil.TakeReleased(), pupil.TakeExpectedGain()};
}

/// Destroying it does not wait for a question under way: that one ends unheard.
class InProcessSuggester final : public Suggester {
 public:
  InProcessSuggester(ExperimentId id, std::unique_ptr<Pupil> pupil,
                     std::shared_ptr<Executor> strand)
      : id_(std::move(id)), pupil_(std::move(pupil)), strand_(std::move(strand)) {}

  void Ask(SuggestRequest request, Done done) override {
    const bool is_quick = pupil_->AnswersAtOnce() && request.deltas.size() <= kFewDeltas;
    if (is_quick && *under_way_ == 0) {
      const CrashLabel label(id_.text);
      return done(Answer(*pupil_, request));
    }
    ++*under_way_;
    // A Task is copyable; the history is not copied with it.
    strand_->Post([id = id_, pupil = std::weak_ptr<Pupil>(pupil_), under_way = under_way_,
                   done = std::move(done),
                   shared = std::make_shared<SuggestRequest>(std::move(request))] {
      std::shared_ptr<Pupil> held = pupil.lock();
      if (held == nullptr) {
        return;
      }
      auto reply = [&] {
        const CrashLabel label(id.text);
        return Answer(*held, *shared);
      }();
      held.reset();
      --*under_way;
      if (!pupil.expired()) {
        done(std::move(reply));
      }
    });
  }

 private:
  static constexpr std::size_t kFewDeltas = 100;

  ExperimentId id_;
  std::shared_ptr<Pupil> pupil_;  // shared with the one task that is under way
  // Questions that the strand has; a later one waits for its turn there. Shared with them.
  std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<Executor> strand_;
};

}  // namespace

Result<std::unique_ptr<Suggester>> InProcessSuggesterFactory::Create(const ExperimentId& id,
                                                                     const ExperimentSpec& spec,
                                                                     const Origin& origin) {
  const gp::Device* const device = device_of_ ? device_of_(origin.cpu_level) : nullptr;
  HONE_ASSIGN_OR_RETURN(auto pupil, Pupil::Create(spec, origin.seed, device));
  return std::make_unique<InProcessSuggester>(id, std::move(pupil), compute_.MakeStrand());
}

}  // namespace hone
