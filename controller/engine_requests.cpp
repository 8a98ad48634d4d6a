// SPDX-License-Identifier: Apache-2.0
// What the engine does for each kind of request.
#include "base/crash.h"
#include "base/log.h"
#include "controller/admission/admission.h"
#include "controller/callback.h"
#include "controller/engine.h"
#include "controller/warm_start.h"
#include "core/spec_codec.h"

namespace hone {
namespace {

std::string ListProblems(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Problem::Severity::kError) {
      text += (text.empty() ? "" : "\n") + (problem.field.empty() ? "" : problem.field + ": ") +
              problem.message;
    }
  }
  return text;
}

/// A Done that answers with this text, or with the error.
std::function<void(const Status&)> Answering(const Engine::Reply& reply, std::string text) {
  return [reply, text = std::move(text)](const Status& status) {
    reply(status.map([&] { return text; }));
  };
}

}  // namespace

void Engine::Run(const request::Create& create, const Reply& reply) {
  auto spec = DecodeStoredSpec(create.document);
  if (!spec.has_value()) {
    return reply(Fail(Code::kInvalidArgument, spec.error().Text()));
  }
  Problems problems;
  Admit(*spec, ports_.runner, problems);
  if (problems.HasErrors()) {
    return reply(Fail(Code::kInvalidArgument, ListProblems(problems)));
  }
  if (!spec->warm_start || spec->warm_start->taken) {
    return Record(*spec, NewUid(), reply);
  }
  Blocking([this, spec = *spec] { return TakeWarmStart(ports_.store, spec); },
           [this, reply](const Result<ExperimentSpec>& warm) {
             warm.has_value() ? Record(*warm, NewUid(), reply)
                              : reply(tl::make_unexpected(warm.error()));
           });
}

/// Writes the first event; from then on the experiment exists.
void Engine::Record(const ExperimentSpec& spec, const ExperimentId& id, const Reply& reply) {
  LedgerStep step;
  step.experiment = id;
  step.epoch = epoch_;
  step.events.push_back(
      {1, ports_.clock.Now(),
       event::ExperimentCreated{spec.document, spec.seed ? *spec.seed : RandomSeed(), HONE_VERSION,
                                options_.cpu_level}});
  ExperimentState state;
  state.id = id;
  Evolve(state, step.events.front());
  step.projection.experiment = ProjectExperiment(state);
  const auto go_on = [id, reply](Engine& self, const Status& created) {
    const auto answer = Answering(reply, id.text);
    created.has_value() ? self.Drive(id, answer) : answer(created);
  };
  ports_.store.Append(std::move(step), OnStrand(strand_, weak_from_this(), go_on));
}

void Engine::DriveOr(const ExperimentId& id, const Reply& reply,
                     std::function<void(ExperimentStrand&)> then) {
  Drive(id, [this, id, reply, then = std::move(then)](const Status& driven) {
    if (!driven.has_value()) {
      return reply(tl::make_unexpected(driven.error()));
    }
    const auto found = driven_.find(id);
    if (found == driven_.end()) {
      return reply(Fail(Code::kNotFound, "the experiment was deleted meanwhile"));
    }
    const auto strand = found->second.strand;  // what follows may end it
    then(*strand);
  });
}

void Engine::DriveByName(const request::Name& name, const Reply& reply,
                         std::function<void(ExperimentStrand&, const ExperimentId&)> then) {
  const auto go_on = [this, reply, then = std::move(then)](const Result<ExperimentRow>& row) {
    if (!row.has_value()) {
      return reply(tl::make_unexpected(row.error()));
    }
    DriveOr(row->id, reply, [then, id = row->id](ExperimentStrand& strand) { then(strand, id); });
  };
  Blocking([this, name] { return ports_.store.FindExperiment(name.name_space, name.name); }, go_on);
}

/// A person who asks for it forgives the crashes that parked it.
Status Engine::Forgive(const request::Name& name) {
  HONE_ASSIGN_OR_RETURN(const auto row, ports_.store.FindExperiment(name.name_space, name.name));
  return options_.crash_folder.empty() ? Status()
                                       : ForgiveCrashes(options_.crash_folder, row.id.text);
}

void Engine::Run(const request::Resume& resume, const Reply& reply) {
  const auto go_on = [edit = resume.edit, reply](ExperimentStrand& strand, const ExperimentId& id) {
    const auto answer = Answering(reply, id.text);
    const auto then_resume = [self = strand.shared_from_this(), answer](const Status& edited) {
      edited.has_value() ? self->Post(input::Resume{}, answer) : answer(edited);
    };
    edit == event::BudgetEdited{} ? then_resume({})
                                  : strand.Post(input::EditBudget{edit}, then_resume);
  };
  const auto name = resume.experiment;
  Blocking([this, name] { return Forgive(name); },
           [this, name, reply, go_on](const Status& forgiven) {
             forgiven.has_value() ? DriveByName(name, reply, go_on)
                                  : reply(tl::make_unexpected(forgiven.error()));
           });
}

/// Suspends, and goes on on the engine's strand when that is recorded or refused.
void Engine::SuspendThen(ExperimentStrand& strand, const std::string& reason,
                         std::function<void(Engine&, const Status&)> then) {
  strand.Post(input::Suspend{reason, false}, OnStrand(strand_, weak_from_this(), std::move(then)));
}

void Engine::Run(const request::Stop& stop, const Reply& reply) {
  const auto then_wait = [reply](Engine& self, const ExperimentId& id, const Status& suspended) {
    const auto answer = Answering(reply, id.text);
    suspended.has_value() ? self.WhenDrained(id, answer) : answer(suspended);
  };
  const auto go_on = [this, reason = stop.reason, then_wait](ExperimentStrand& strand,
                                                             const ExperimentId& id) {
    SuspendThen(strand, reason, [id, then_wait](Engine& self, const Status& suspended) {
      then_wait(self, id, suspended);
    });
  };
  DriveByName(stop.experiment, reply, go_on);
}

void Engine::Run(const request::Delete& remove, const Reply& reply) {
  // A finished experiment refuses to be suspended, which is fine: only what runs has to end first.
  const auto then_remove = [reply](Engine& self, const ExperimentId& id) {
    self.WhenDrained(id, [&self, id, reply](const Status& drained) {
      drained.has_value() ? self.Remove(id, reply) : reply(tl::make_unexpected(drained.error()));
    });
  };
  const auto go_on = [this, then_remove](ExperimentStrand& strand, const ExperimentId& id) {
    SuspendThen(strand, "deleted", [id, then_remove](Engine& self, const Status& /*suspended*/) {
      then_remove(self, id);
    });
  };
  DriveByName(remove.experiment, reply, go_on);
}

Status Engine::Erase(const ExperimentId& id) {
  HONE_RETURN_IF_ERROR(ports_.store.DeleteExperiment(id, epoch_, ports_.clock.Now()));
  return ports_.runner.Remove(id);
}

void Engine::Remove(const ExperimentId& id, const Reply& reply) {
  const auto found = driven_.find(id);
  if (found == driven_.end()) {
    return reply(Fail(Code::kNotFound, "the experiment is being deleted already"));
  }
  const auto strand = found->second.strand;
  Drop(id);
  const auto told = [this, answer = Answering(reply, id.text)](const Status& gone) {
    answer(gone);
    CheckIdle();
  };
  strand->Close(OnStrand(strand_, weak_from_this(), [id, told](Engine& self) {
    self.Blocking([&self, id] { return self.Erase(id); }, told);
  }));
}

void Engine::StopEarly(const TrialId& id, Attempt attempt, std::string reason, Reply reply) {
  strand_->Post([self = shared_from_this(), id, attempt, reason = std::move(reason),
                 reply = std::move(reply)] {
    if (self->stopped_) {
      return reply(Fail(Code::kUnavailable, "the engine is stopping"));
    }
    self->DriveOr(id.experiment, reply,
                  [number = id.number, attempt, reason, reply](ExperimentStrand& strand) {
                    strand.Post(input::Verdict{number, attempt, false, reason},
                                Answering(reply, ""));
                  });
  });
}

void Engine::Run(const request::Gone& gone, const Reply& reply) {
  if (const auto found = driven_.find({gone.experiment}); found != driven_.end()) {
    found->second.strand->Gone(gone.runner);
  }
  reply("");
}

void Engine::Run(const request::KillTrial& kill, const Reply& reply) {
  const auto end = [kill, reply](ExperimentStrand& strand, TrialNumber number) {
    strand.Post(input::KillTrial{number, kill.reason}, Answering(reply, kill.trial));
  };
  const auto go_on = [this, end, reply](const Result<TrialId>& id) {
    if (!id.has_value()) {
      return reply(tl::make_unexpected(id.error()));
    }
    DriveOr(id->experiment, reply,
            [end, number = id->number](ExperimentStrand& strand) { end(strand, number); });
  };
  Blocking([this, kill] { return ports_.store.FindTrial(kill.trial); }, go_on);
}

}  // namespace hone
