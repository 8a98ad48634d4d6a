// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/factory.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/text.h"
#include "core/initial_trials.h"
#include "core/remote_service.h"
#include "suggestion/remote/remote_study.h"
#include "suggestion/remote/service_error.h"
#include "suggestion/remote/tag.h"

namespace hone {
namespace {

constexpr std::size_t kLongestReason = 500;

class RemoteSuggester final : public Suggester {
 public:
  RemoteSuggester(RemoteSuggesterFactory::Parts parts, const ExperimentId& id,
                  const ExperimentSpec& spec, RemoteService service)
      : parts_(std::move(parts)),
        study_(id, spec),
        initial_(InitialTrials(spec)),
        service_(std::move(service)) {}

  /// A call under way is given up.
  ~RemoteSuggester() override {
    stop_ = true;
    thread_.Stop();
  }
  RemoteSuggester(const RemoteSuggester&) = delete;
  RemoteSuggester& operator=(const RemoteSuggester&) = delete;

  void Ask(SuggestRequest request, Done done) override {
    thread_.Post([this, done = std::move(done),
                  shared = std::make_shared<SuggestRequest>(std::move(request))] {
      auto reply = Answer(*shared);  // shared: a Task is copyable, the history is not copied
      if (!stop_) {
        done(std::move(reply));
      }
    });
  }

 private:
  Result<SuggestReply> Answer(const SuggestRequest& request) {
    study_.Tell(request.deltas, request.recorded_at);
    std::vector<Proposal> answers = Initial(request.numbers.size());
    const std::size_t rest = request.numbers.size() - answers.size();
    if (rest > 0) {
      HONE_RETURN_IF_ERROR(Validate());
      HONE_ASSIGN_OR_RETURN(auto proposals, Suggest(rest, answers.size()));
      std::ranges::move(proposals, std::back_inserter(answers));
    }
    return SuggestReply{request.reservation, request.based_on, std::move(answers)};
  }

  /// What the user wants tried first.
  [[nodiscard]] std::vector<Proposal> Initial(std::size_t wanted) const {
    std::vector<Proposal> answers;
    for (std::size_t i = study_.size(); i < initial_.size() && answers.size() < wanted; ++i) {
      proposal::Start start;
      start.values = initial_[i].values;
      start.note = initial_[i].note;
      start.tag = remote::MakeTag({.started = parts_.clock.Now()});
      answers.emplace_back(std::move(start));
    }
    return answers;
  }

  Status Validate() {
    if (valid_) {
      return {};
    }
    const auto reply = parts_.caller.Call({"ValidateAlgorithmSettings", service_.endpoint,
                                           study_.ValidateRequest(), service_.timeout},
                                          stop_);
    if (const Status valid = remote::OfValidation(reply, "the experiment"); !valid) {
      return Blame(valid.error().code, valid.error().message);
    }
    valid_ = true;
    return {};
  }

  Result<std::vector<Proposal>> Suggest(std::size_t count, std::size_t before) {
    const auto reply = parts_.caller.Call({"GetSuggestions", service_.endpoint,
                                           study_.SuggestRequest(count, before), service_.timeout},
                                          stop_);
    if (!reply) {
      return Blame(remote::OfQuestion(reply.error().code), remote::Words(reply.error()));
    }
    auto proposals = study_.Read(*reply, count, parts_.clock.Now());
    if (!proposals) {
      return Blame(proposals.error().code, proposals.error().message);
    }
    HONE_RETURN_IF_ERROR(CheckNames(*proposals));
    return proposals;
  }

  /// Names of trials are unique in a data folder.
  Status CheckNames(const std::vector<Proposal>& proposals) {
    for (const Proposal& answer : proposals) {
      const std::string& name = std::get<proposal::Start>(answer).name;
      if (!name.empty() && parts_.is_taken && parts_.is_taken(name)) {
        return Blame(Code::kUnavailable,
                     "names a trial \"" + name + "\", as a trial of another experiment is named");
      }
    }
    return {};
  }

  [[nodiscard]] tl::unexpected<Error> Blame(Code code, const std::string& message) const {
    return Fail(code, "the suggestion service at " + service_.endpoint + ": " +
                          Printable(message, kLongestReason));
  }

  RemoteSuggesterFactory::Parts parts_;
  RemoteStudy study_;
  std::vector<InitialTrial> initial_;
  RemoteService service_;
  bool valid_ = false;
  std::atomic<bool> stop_ = false;
  AsioExecutor thread_{"hone-remote", 1};  // the last member: its tasks use the others
};

}  // namespace

Result<std::unique_ptr<Suggester>> RemoteSuggesterFactory::Create(const ExperimentId& id,
                                                                  const ExperimentSpec& spec,
                                                                  const Origin& origin) {
  std::optional<RemoteService> service = RemoteSearch(spec);
  if (!service) {
    return parts_.others.Create(id, spec, origin);
  }
  return std::make_unique<RemoteSuggester>(parts_, id, spec, *std::move(service));
}

}  // namespace hone
