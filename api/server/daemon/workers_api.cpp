// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/workers_api.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/server/daemon/convert.h"
#include "api/server/daemon/experiments_api.h"
#include "api/server/daemon/known_states.h"
#include "api/server/daemon/tell_and_ask.h"
#include "base/text.h"
#include "controller/read_state.h"

namespace hone::daemon {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kMostTrials = 100;
constexpr std::size_t kLongestWord = 255;
constexpr std::size_t kMostRemembered = 10'000;
constexpr std::size_t kLongestMessage = 4096;
// The ledgers of busy experiments change all the time: one look is for all changes in between.
constexpr Duration kGatherChanges = milliseconds(20);
// Where values of attempts that are over are kept: a source of their own beside the live ones.
constexpr char kLateSource[] = "late";

const Span kLease{"lease", seconds(1), hours(24), seconds(60)};
const Span kWait{"wait", milliseconds(0), seconds(60), seconds(30)};

bool IsGiving(const ExperimentRow& row) {
  return row.phase == PhaseWord(ExperimentPhase::kRunning) ||
         row.phase == PhaseWord(ExperimentPhase::kRestarting);
}

pb::GivenTrial GivenOf(const LeasedTrial& leased) {
  pb::GivenTrial out;
  out.set_trial(leased.name);
  out.set_attempt(static_cast<std::int32_t>(leased.attempt));
  *out.mutable_parameters() = StructOf(leased.parameters);
  out.mutable_lease()->set_seconds(std::chrono::duration_cast<seconds>(leased.lease).count());
  out.mutable_lease()->set_nanos(
      static_cast<std::int32_t>(leased.lease % seconds(1) / Duration(1) * 1000));
  return out;
}

/// What is answered once something is recorded.
template <class Reply>
std::function<void(const Status&)> Answering(const Answer<Reply>& answer, const Reply& reply) {
  return [answer, reply](const Status& status) {
    answer(status ? Result<Reply>(reply) : tl::make_unexpected(status.error()));
  };
}

/// The same, but `late` happens if the attempt was not known to run.
template <class Reply>
std::function<void(const Status&)> AnsweringOr(const Answer<Reply>& answer, const Reply& reply,
                                               const std::function<void()>& late) {
  return [answered = Answering(answer, reply), late](const Status& status) {
    const bool unknown = !status && status.error().code == Code::kNotFound;
    unknown ? late() : answered(status);
  };
}

/// What a worker said of a failure, made safe to print.
std::string ReasonOf(const pb::TellRequest& request, const char* otherwise) {
  return request.message().empty() ? otherwise : Printable(request.message(), kLongestMessage);
}

pb::TellResponse Outcome(pb::TellResponse::Outcome outcome) {
  pb::TellResponse out;
  out.set_outcome(outcome);
  return out;
}

/// What a question says, but for its experiment.
Result<TrialQuestion> QuestionOf(const pb::AskRequest& request) {
  HONE_ASSIGN_OR_RETURN(const Duration lease, SpanOf(request.has_lease(), request.lease(), kLease));
  HONE_ASSIGN_OR_RETURN(const Duration wait, SpanOf(request.has_wait(), request.wait(), kWait));
  if (request.count() < 0 || request.count() > kMostTrials) {
    return Fail(Code::kInvalidArgument, "must be 1 to 100", "count");
  }
  if (request.worker().size() > kLongestWord) {
    return Fail(Code::kInvalidArgument, "must have at most 255 bytes", "worker");
  }
  if (request.request_id().size() > kLongestWord) {
    return Fail(Code::kInvalidArgument, "must have at most 255 bytes", "request_id");
  }
  return TrialQuestion{
      {},   static_cast<std::uint32_t>(std::max(request.count(), 1)), lease,
      wait, request.worker().empty() ? "a worker" : request.worker(), request.request_id()};
}

}  // namespace

void WorkersApi::Ask(const pb::AskRequest& request, const Answer<pb::AskResponse>& answer,
                     const Leave& leave) {
  const auto refuse = [&answer](const Error& error) { answer(tl::make_unexpected(error)); };
  auto question = QuestionOf(request);
  if (!question) {
    return refuse(question.error());
  }
  const request::Name name{NamespaceOf(request.namespace_()), request.experiment()};
  const auto id = GivingId(name);
  if (!id) {
    return refuse(id.error());
  }
  if (!*id) {
    return answer(WhyNone(name));
  }
  question->experiment = **id;
  const auto given = [self = shared_from_this(), name,
                      answer](const std::vector<LeasedTrial>& trials) {
    if (trials.empty()) {
      return self->parts_.readers.Post([self, name, answer] { answer(self->WhyNone(name)); });
    }
    self->Remember(trials);
    pb::AskResponse out;
    for (const LeasedTrial& trial : trials) {
      *out.add_trials() = GivenOf(trial);
    }
    answer(std::move(out));
  };
  const Workers::Ticket ticket = parts_.workers.Ask(*std::move(question), given);
  if (leave) {
    leave([self = shared_from_this(), ticket] { self->parts_.workers.Withdraw(ticket); });
  }
  // It may have ended, and who waited been dismissed, before the question was there.
  asked_.WithLock([&](Asked& asked) { asked.names.try_emplace(**id, name); });
  OnChange();
}

bool WorkersApi::IsKnown(const pb::AskRequest& request) const {
  return KnownId({NamespaceOf(request.namespace_()), request.experiment()}).has_value();
}

bool WorkersApi::IsKnown(const pb::ReportRequest& request) const {
  return IsKnown(request.trial());
}

bool WorkersApi::IsKnown(const pb::TellRequest& request) const {
  return IsKnown(request.trial()) && (!request.has_next() || IsKnown(request.next()));
}

bool WorkersApi::IsKnown(const pb::RenewRequest& request) const {
  return IsKnown(request.trial());
}

bool WorkersApi::IsKnown(const std::string& trial) const {
  const auto id = GivenId(trial);
  return id && parts_.engine.Drives(id->experiment);
}

std::optional<ExperimentId> WorkersApi::KnownId(const request::Name& name) const {
  auto id = asked_.WithLock([&](const Asked& asked) -> std::optional<ExperimentId> {
    const auto found = asked.ids.find({name.name_space, name.name});
    return found == asked.ids.end() ? std::nullopt : std::optional(found->second);
  });
  return id && parts_.engine.Drives(*id) ? id : std::nullopt;
}

/// Who is asked for an experiment that has just ended hears so from OnChange.
Result<std::optional<ExperimentId>> WorkersApi::GivingId(const request::Name& name) {
  if (auto known = KnownId(name)) {
    return known;
  }
  const auto row = parts_.store.FindExperiment(name.name_space, name.name);
  if (!row || !IsGiving(*row)) {
    return std::nullopt;
  }
  HONE_RETURN_IF_ERROR(BeginAsking(row->id, name));
  HONE_RETURN_IF_ERROR(parts_.engine.CheckDriven(row->id));
  return row->id;
}

Status WorkersApi::BeginAsking(const ExperimentId& id, const request::Name& name) {
  if (asked_.WithLock([&](const Asked& asked) { return asked.names.contains(id); })) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const ExperimentSpec spec, ReadSpec(parts_.store, id));
  if (spec.runner != RunnerKind::kAskTell) {
    return Fail(Code::kFailedPrecondition,
                "hone runs the trials of this experiment itself; spec.runner.kind: AskTell makes "
                "one for workers");
  }
  asked_.WithLock([&](Asked& asked) {
    asked.names[id] = name;
    asked.ids[{name.name_space, name.name}] = id;
  });
  return {};
}

Result<pb::AskResponse> WorkersApi::WhyNone(const request::Name& name) {
  pb::AskResponse out;
  HONE_ASSIGN_OR_RETURN(const ExperimentRow row,
                        parts_.store.FindExperiment(name.name_space, name.name));
  if (row.phase == PhaseWord(ExperimentPhase::kSuspended)) {
    return Fail(Code::kFailedPrecondition, "the experiment is stopped; resume it first");
  }
  out.set_ended(!IsGiving(row));
  out.set_reason(out.ended() ? row.reason : "");
  return out;
}

void WorkersApi::OnChange() {
  if (!looking_.exchange(true)) {
    parts_.readers.PostAfter(kGatherChanges, [self = shared_from_this()] { self->DismissEnded(); });
  }
}

void WorkersApi::Close() {
  for (const auto& [id, name] : asked_.WithLock([](const Asked& asked) { return asked.names; })) {
    parts_.workers.Dismiss(id);
  }
}

void WorkersApi::DismissEnded() {
  looking_ = false;
  const auto names = asked_.WithLock([](const Asked& asked) { return asked.names; });
  for (const auto& [id, name] : names) {
    const auto row = parts_.store.FindExperiment(name.name_space, name.name);
    if (row && row->id == id && IsGiving(*row)) {
      continue;
    }
    asked_.WithLock([&id = id, &name = name](Asked& asked) {
      asked.names.erase(id);
      const auto found = asked.ids.find({name.name_space, name.name});
      if (found != asked.ids.end() && found->second == id) {
        asked.ids.erase(found);
      }
    });
    parts_.workers.Dismiss(id);
  }
}

Result<WorkersApi::Said> WorkersApi::Read(const std::string& trial, std::int32_t attempt) {
  if (trial.empty() || trial.size() > kLongestWord) {
    return Fail(Code::kInvalidArgument, "must have 1 to 255 bytes", "trial");
  }
  if (attempt < 1) {
    return Fail(Code::kInvalidArgument, "must be that of the trial that was given", "attempt");
  }
  HONE_ASSIGN_OR_RETURN(const TrialId id, IdOf(trial));
  HONE_RETURN_IF_ERROR(parts_.engine.CheckDriven(id.experiment));
  return Said{id, static_cast<Attempt>(attempt), trial, {}};
}

/// What this daemon gave is not looked up: a name is its trial's for good.
std::optional<TrialId> WorkersApi::GivenId(const std::string& trial) const {
  return given_.WithLock([&](const auto& given) -> std::optional<TrialId> {
    const auto found = given.find(trial);
    return found == given.end() ? std::nullopt : std::optional(found->second);
  });
}

Result<TrialId> WorkersApi::IdOf(const std::string& trial) {
  const auto known = GivenId(trial);
  return known ? *known : parts_.store.FindTrial(trial);
}

void WorkersApi::Remember(const std::vector<LeasedTrial>& trials) {
  given_.WithLock([&](auto& given) {
    if (given.size() + trials.size() > kMostRemembered) {
      given.clear();
    }
    for (const LeasedTrial& trial : trials) {
      given.insert_or_assign(trial.name, trial.id);
    }
  });
}

Result<WorkersApi::Standing> WorkersApi::StandingOf(const Said& said) {
  std::optional<Standing> standing;
  const auto look = [&](const ExperimentState& state) {
    const TrialState* const trial = state.Find(said.id.number);
    if (trial == nullptr || trial->attempt < said.attempt) {
      return;
    }
    const bool same = trial->attempt == said.attempt;
    standing = same && trial->launched        ? Standing::kCurrent
               : same && IsOver(trial->phase) ? Standing::kOver
                                              : Standing::kOtherAttempt;
  };
  HONE_RETURN_IF_ERROR(parts_.states.With(said.id.experiment, look));
  if (!standing) {
    return Fail(Code::kInvalidArgument, "no such attempt was given", "attempt");
  }
  return *standing;
}

void WorkersApi::Renew(const pb::RenewRequest& request, const Answer<pb::RenewResponse>& answer) {
  const auto lease = SpanOf(request.has_lease(), request.lease(), kLease);
  const auto said = Read(request.trial(), request.attempt());
  if (!lease || !said) {
    return answer(tl::make_unexpected(lease ? said.error() : lease.error()));
  }
  pb::RenewResponse out;
  out.set_stop(!parts_.workers.Renew(said->id, said->attempt, *lease).has_value());
  answer(std::move(out));
}

void WorkersApi::KeepLate(const Said& said, std::function<void(Status)> then) {
  if (said.records.empty()) {
    return then({});
  }
  const auto offset = parts_.store.OffsetOf(said.id, said.attempt, kLateSource);
  if (!offset) {
    return then(tl::make_unexpected(offset.error()));
  }
  parts_.store.Record({said.id, said.attempt, kLateSource, *offset, *offset + 1, said.records},
                      std::move(then));
}

void WorkersApi::Report(const pb::ReportRequest& request,
                        const Answer<pb::ReportResponse>& answer) {
  const auto lease = SpanOf(request.has_lease(), request.lease(), kLease);
  auto said = Read(request.trial(), request.attempt());
  auto records = RecordsOf(request.values(), parts_.clock.Now());
  if (!lease || !said || !records) {
    return answer(tl::make_unexpected(!lease  ? lease.error()
                                      : !said ? said.error()
                                              : records.error()));
  }
  said->records = *std::move(records);
  pb::ReportResponse is_late;
  is_late.set_stop(true);
  is_late.set_late(true);
  const auto keep = [self = shared_from_this(), said = *said, kept = Answering(answer, is_late)] {
    self->KeepLate(said, kept);
  };
  const auto late = [self = shared_from_this(), keep] { self->parts_.readers.Post(keep); };
  const auto told = AnsweringOr(answer, pb::ReportResponse(), late);
  parts_.workers.Report(said->id, said->attempt, said->records, *lease, told);
}

void WorkersApi::Tell(const pb::TellRequest& request, const Answer<pb::TellResponse>& answer,
                      const Leave& leave) {
  if (!request.has_next()) {
    return TellOnly(request, answer);
  }
  if (const auto question = QuestionOf(request.next()); !question) {
    Error error = question.error();
    error.field = "next." + error.field;
    return answer(tl::make_unexpected(std::move(error)));
  }
  const auto tell = [this, &request](const Answer<pb::TellResponse>& told) {
    TellOnly(request, told);
  };
  const auto ask = [self = shared_from_this(), next = request.next()](
                       const Answer<pb::AskResponse>& given, const Leave& leaving) {
    self->Ask(next, given, leaving);
  };
  // What a worker prunes is over only when the verdict has come to it.
  const bool along = request.state() != pb::TellRequest::PRUNED;
  std::make_shared<TellAndAsk>(ask, answer, leave)->Start(tell, along);
}

void WorkersApi::TellOnly(const pb::TellRequest& request, const Answer<pb::TellResponse>& answer) {
  auto said = Read(request.trial(), request.attempt());
  auto records = RecordsOf(request.values(), parts_.clock.Now());
  if (!said || !records) {
    return answer(tl::make_unexpected(said ? records.error() : said.error()));
  }
  said->records = *std::move(records);
  switch (request.state()) {
    case pb::TellRequest::SUCCEEDED:
      return TellEnd(*said, {}, answer);
    case pb::TellRequest::FAILED:
      return TellEnd(
          *said, {EndingKind::kExitCode, 1, 0, ReasonOf(request, "its worker told that it failed")},
          answer);
    case pb::TellRequest::OUT_OF_MEMORY:
      return TellEnd(*said,
                     {EndingKind::kOutOfMemory, 0, 0,
                      ReasonOf(request, "its worker told that it ran out of memory")},
                     answer);
    case pb::TellRequest::PREEMPTED:
      return TellEnd(*said,
                     {EndingKind::kPreempted, 0, 0, ReasonOf(request, "its worker was taken away")},
                     answer);
    case pb::TellRequest::PRUNED:
      return TellPruned(*said, answer);
    default:
      answer(Fail(Code::kInvalidArgument,
                  "must be SUCCEEDED, FAILED, PRUNED, PREEMPTED or OUT_OF_MEMORY", "state"));
  }
}

std::function<void(const Status&)> WorkersApi::WhenTold(const Said& said,
                                                        const Answer<pb::TellResponse>& answer) {
  const auto look = [self = shared_from_this(), said, answer] { self->TellLate(said, answer); };
  return AnsweringOr<pb::TellResponse>(
      answer, Outcome(pb::TellResponse::RECORDED),
      [self = shared_from_this(), look] { self->parts_.readers.Post(look); });
}

void WorkersApi::TellEnd(const Said& said, Ending ending, const Answer<pb::TellResponse>& answer) {
  parts_.workers.Tell(said.id, said.attempt, said.records, std::move(ending),
                      WhenTold(said, answer));
}

/// Its last values, then the verdict, then its end.
void WorkersApi::TellPruned(const Said& said, const Answer<pb::TellResponse>& answer) {
  const auto look = [self = shared_from_this(), said, answer] { self->TellEnded(said, answer); };
  const auto ended = [self = shared_from_this(), look](const Status& /*the ledger says it*/) {
    self->parts_.readers.Post(look);
  };
  const auto unknown = WhenTold(said, answer);
  const auto reported = [self = shared_from_this(), said, ended, unknown](const Status& status) {
    if (!status) {
      return unknown(status);
    }
    // First, because the end may come before the verdict is answered.
    self->parts_.workers.WhenForgotten(said.id, said.attempt, ended);
    self->parts_.engine.StopEarly(said.id, said.attempt, "pruned by its worker",
                                  [](const Result<std::string>& /*the end tells*/) {});
  };
  parts_.workers.Report(said.id, said.attempt, said.records, kLease.otherwise, reported);
}

/// It may have ended otherwise before the verdict came: by its lease, or by a stop.
void WorkersApi::TellEnded(const Said& said, const Answer<pb::TellResponse>& answer) {
  answer(StandingOf(said).map([](Standing standing) {
    return Outcome(standing == Standing::kOver ? pb::TellResponse::RECORDED
                                               : pb::TellResponse::LATE);
  }));
}

void WorkersApi::TellLate(const Said& said, const Answer<pb::TellResponse>& answer) {
  const auto standing = StandingOf(said);
  if (!standing) {
    return answer(tl::make_unexpected(standing.error()));
  }
  switch (*standing) {
    case Standing::kCurrent:
      return answer(
          Fail(Code::kUnavailable,
               "the trial's end is being recorded, or the experiment loaded; tell it again"));
    case Standing::kOver:
      return answer(Outcome(pb::TellResponse::ALREADY_RECORDED));
    case Standing::kOtherAttempt:
      KeepLate(said, Answering(answer, Outcome(pb::TellResponse::LATE)));
  }
}

}  // namespace hone::daemon
