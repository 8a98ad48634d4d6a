// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/ruled_factory.h"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/executor.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "core/remote_service.h"
#include "core/stop_rule.h"
#include "suggestion/remote/remote_study.h"
#include "suggestion/remote/rules_reply.h"
#include "suggestion/remote/service_error.h"

namespace hone {
namespace {

constexpr char kField[] = "spec.earlyStopping.endpoint";
constexpr std::size_t kLongestReason = 500;
constexpr Duration kLongestNote = std::chrono::seconds(5);  // of news that nobody waits for

/// One experiment's questions to its service. Lives on one thread.
class Desk : public std::enable_shared_from_this<Desk> {
 public:
  Desk(RuledSuggesterFactory::Parts parts, const ExperimentId& id, const ExperimentSpec& spec,
       RemoteService service, std::unique_ptr<Suggester> search)
      : parts_(std::move(parts)),
        study_(id, spec),
        metrics_(spec.objective.MetricNames()),
        service_(std::move(service)),
        search_(std::move(search)) {}

  /// A call under way is given up. @threads any
  void Stop() { stop_ = true; }

  void Ask(const std::shared_ptr<Executor>& strand, SuggestRequest request, Suggester::Done done) {
    study_.Tell(request.deltas, request.recorded_at);
    if (answer_ && answer_->reservation == request.reservation) {
      return Finish(done);  // it was the rules that failed
    }
    answer_.reset();
    search_->Ask(std::move(request), [weak = weak_from_this(), strand,
                                      done = std::move(done)](Result<SuggestReply> reply) {
      strand->Post([weak, done, reply = std::move(reply)]() mutable {
        if (const auto self = weak.lock()) {
          self->OnSearched(std::move(reply), done);
        }
      });
    });
  }

  /// As Katib's collector does once it has stopped a trial. Nothing depends on it here.
  void Note(const std::string& trial) {
    const auto noted = parts_.caller.Call(
        {"SetTrialStatus", service_.endpoint, DumpJson(nlohmann::json({{"trialName", trial}})),
         std::min(service_.timeout, kLongestNote)},
        stop_);
    if (!noted && noted.error().code != Code::kUnimplemented && !stop_) {
      HONE_LOG(kWarn, "early_stopping_service_not_told", {"endpoint", service_.endpoint},
               {"trial", trial}, {"reason", Printable(noted.error().Text(), kLongestReason)});
    }
  }

 private:
  void OnSearched(Result<SuggestReply> reply, const Suggester::Done& done) {
    if (!reply) {
      return done(std::move(reply));
    }
    answer_ = *std::move(reply);
    Finish(done);
  }

  /// Gives the trials of the answer their rules.
  void Finish(const Suggester::Done& done) {
    const Status ruled = AddRules();
    if (stop_) {
      return;
    }
    done(ruled ? Result<SuggestReply>(*answer_) : tl::make_unexpected(ruled.error()));
  }

  Status AddRules() {
    const auto starts = [](const Proposal& one) {
      return std::holds_alternative<proposal::Start>(one);
    };
    if (std::ranges::none_of(answer_->answers, starts)) {
      return {};
    }
    HONE_RETURN_IF_ERROR(Validate());
    HONE_ASSIGN_OR_RETURN(const auto rules, Rules());
    for (Proposal& one : answer_->answers) {
      if (auto* const start = std::get_if<proposal::Start>(&one)) {
        PutRules(rules, start->labels);
      }
    }
    return {};
  }

  Status Validate() {
    if (valid_) {
      return {};
    }
    const auto reply = parts_.caller.Call({"ValidateEarlyStoppingSettings", service_.endpoint,
                                           study_.ValidateRulesRequest(), service_.timeout},
                                          stop_);
    if (const Status valid = remote::OfValidation(reply, "the settings"); !valid) {
      return Blame(valid.error().code, valid.error().message);
    }
    valid_ = true;
    return {};
  }

  Result<std::vector<StopRule>> Rules() {
    const auto logs = parts_.log_address();
    if (!logs) {
      return Fail(logs.error().code,
                  "the service cannot be told what trials reported: " + logs.error().Text(),
                  kField);
    }
    const auto reply = parts_.caller.Call(
        {"GetEarlyStoppingRules", service_.endpoint, study_.RulesRequest(*logs), service_.timeout},
        stop_);
    if (!reply) {
      return Blame(remote::OfQuestion(reply.error().code), remote::Words(reply.error()));
    }
    auto rules = remote::ReadRules(*reply, metrics_);
    if (!rules) {
      return Blame(rules.error().code, rules.error().message);
    }
    return rules;
  }

  [[nodiscard]] tl::unexpected<Error> Blame(Code code, const std::string& message) const {
    return Fail(code,
                "the early-stopping service at " + service_.endpoint + ": " +
                    Printable(message, kLongestReason),
                kField);
  }

  RuledSuggesterFactory::Parts parts_;
  RemoteStudy study_;
  std::vector<std::string> metrics_;
  RemoteService service_;
  std::unique_ptr<Suggester> search_;
  std::optional<SuggestReply> answer_;  // of the search, to the last reservation
  bool valid_ = false;
  std::atomic<bool> stop_ = false;
};

class RuledSuggester final : public Suggester {
 public:
  explicit RuledSuggester(std::shared_ptr<Desk> desk) : desk_(std::move(desk)) {}
  ~RuledSuggester() override {
    desk_->Stop();
    thread_.Stop();
  }
  RuledSuggester(const RuledSuggester&) = delete;
  RuledSuggester& operator=(const RuledSuggester&) = delete;

  void Ask(SuggestRequest request, Done done) override {
    strand_->Post([desk = desk_, strand = strand_, done = std::move(done),
                   shared = std::make_shared<SuggestRequest>(std::move(request))] {
      // Shared: a Task is copyable, and is run once.
      desk->Ask(strand, std::move(*shared), done);
    });
  }

  void TrialStopped(const std::string& name) override {
    strand_->Post([desk = desk_, name] { desk->Note(name); });
  }

 private:
  std::shared_ptr<Desk> desk_;  // shared with tasks and the search's answers, which may come late
  AsioExecutor thread_{"hone-rules", 1};
  std::shared_ptr<Executor> strand_ = thread_.MakeStrand();
};

}  // namespace

Result<std::unique_ptr<Suggester>> RuledSuggesterFactory::Create(const ExperimentId& id,
                                                                 const ExperimentSpec& spec,
                                                                 const Origin& origin) {
  HONE_ASSIGN_OR_RETURN(auto search, parts_.others.Create(id, spec, origin));
  std::optional<RemoteService> service = RemoteEarlyStopping(spec);
  if (!service) {
    return search;
  }
  return std::make_unique<RuledSuggester>(
      std::make_shared<Desk>(parts_, id, spec, *std::move(service), std::move(search)));
}

}  // namespace hone
