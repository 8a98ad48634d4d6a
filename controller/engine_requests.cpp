// SPDX-License-Identifier: Apache-2.0
// What the engine does for each kind of request.
#include "base/crash.h"
#include "base/log.h"
#include "controller/admission/admission.h"
#include "controller/callback.h"
#include "controller/engine.h"
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

}  // namespace

void Engine::Run(const request::Create& create, Reply reply) {
  auto spec = DecodeStoredSpec(create.document);
  if (!spec.has_value()) {
    return reply(Fail(Code::kInvalidArgument, spec.error().Text()));
  }
  Problems problems;
  Admit(*spec, ports_.runner, problems);
  if (problems.HasErrors()) {
    return reply(Fail(Code::kInvalidArgument, ListProblems(problems)));
  }
  Record(*spec, NewUid(), std::move(reply));
}

/// Writes the first event; from then on the experiment exists.
void Engine::Record(const ExperimentSpec& spec, const ExperimentId& id, Reply reply) {
  LedgerStep step;
  step.experiment = id;
  step.epoch = epoch_;
  step.events.push_back(
      {1, ports_.clock.Now(),
       event::ExperimentCreated{spec.document, spec.seed ? *spec.seed : RandomSeed(), HONE_VERSION,
                                HONE_CPU_LEVEL}});
  ExperimentState state;
  state.id = id;
  Evolve(state, step.events.front());
  step.projection.experiment = ProjectExperiment(state);
  ports_.store.Append(std::move(step),
                      OnStrand(strand_, weak_from_this(),
                               [id, reply = std::move(reply)](Engine& self, const Status& created) {
                                 if (!created.has_value()) {
                                   return reply(tl::make_unexpected(created.error()));
                                 }
                                 self.DriveOr(id, reply, [id, reply](ExperimentStrand& /*driven*/) {
                                   reply(id.text);
                                 });
                               }));
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
  Blocking([this, name] { return ports_.store.FindExperiment(name.name_space, name.name); },
           [this, reply, then = std::move(then)](const Result<ExperimentRow>& row) {
             if (!row.has_value()) {
               return reply(tl::make_unexpected(row.error()));
             }
             DriveOr(row->id, reply, [then, id = row->id](ExperimentStrand& s) { then(s, id); });
           });
}

void Engine::Run(const request::Resume& resume, Reply reply) {
  const auto go_on = [edit = resume.edit, reply](ExperimentStrand& strand, const ExperimentId& id) {
    const auto answer = [id, reply](const Status& status) {
      reply(status.map([&] { return id.text; }));
    };
    if (edit == event::BudgetEdited{}) {
      return strand.Post(input::Resume{}, answer);
    }
    const auto then_resume = [self = strand.shared_from_this(), answer](const Status& edited) {
      return edited.has_value() ? self->Post(input::Resume{}, answer) : answer(edited);
    };
    strand.Post(input::EditBudget{edit}, then_resume);
  };
  const auto forgive = [this, name = resume.experiment]() -> Status {
    HONE_ASSIGN_OR_RETURN(const auto row, ports_.store.FindExperiment(name.name_space, name.name));
    return options_.crash_folder.empty() ? Status()
                                         : ForgiveCrashes(options_.crash_folder, row.id.text);
  };
  Blocking(forgive, [this, name = resume.experiment, reply, go_on](const Status& forgiven) {
    if (!forgiven.has_value()) {
      return reply(tl::make_unexpected(forgiven.error()));
    }
    DriveByName(name, reply, go_on);
  });
}

void Engine::Run(const request::Stop& stop, Reply reply) {
  DriveByName(
      stop.experiment, reply,
      [this, reason = stop.reason, reply](ExperimentStrand& strand, const ExperimentId& id) {
        const auto wait = [id, reply](Engine& self, const Status& suspended) {
          if (!suspended.has_value()) {
            return reply(tl::make_unexpected(suspended.error()));
          }
          self.WhenDrained(id, [id, reply] { reply(id.text); });
        };
        strand.Post(input::Suspend{reason, false}, OnStrand(strand_, weak_from_this(), wait));
      });
}

void Engine::Run(const request::Delete& remove, Reply reply) {
  DriveByName(
      remove.experiment, reply, [this, reply](ExperimentStrand& strand, const ExperimentId& id) {
        // A finished experiment refuses to be suspended, which is fine: only what runs has
        // to end first.
        const auto wait = [id, reply](Engine& self, const Status& /*suspended*/) {
          self.WhenDrained(id, [&self, id, reply] { self.Remove(id, reply); });
        };
        strand.Post(input::Suspend{"deleted", false}, OnStrand(strand_, weak_from_this(), wait));
      });
}

void Engine::Remove(const ExperimentId& id, Reply reply) {
  const auto found = driven_.find(id);
  if (found == driven_.end()) {
    return reply(Fail(Code::kNotFound, "the experiment is being deleted already"));
  }
  const auto strand = found->second.strand;
  driven_.erase(found);
  const auto erase = [this, id]() -> Status {
    HONE_RETURN_IF_ERROR(ports_.store.DeleteExperiment(id, epoch_, ports_.clock.Now()));
    return ports_.runner.Remove(id);
  };
  strand->Close(OnStrand(strand_, weak_from_this(), [id, reply, erase](Engine& self) {
    self.Blocking(erase, [&self, id, reply](const Status& gone) {
      reply(gone.map([&] { return id.text; }));
      self.CheckIdle();
    });
  }));
}

void Engine::Run(const request::KillTrial& kill, Reply reply) {
  Blocking([this, kill] { return ports_.store.FindTrial(kill.trial); },
           [this, kill, reply](const Result<TrialId>& id) {
             if (!id.has_value()) {
               return reply(tl::make_unexpected(id.error()));
             }
             DriveOr(id->experiment, reply, [id = *id, kill, reply](ExperimentStrand& strand) {
               strand.Post(input::KillTrial{id.number, kill.reason},
                           [kill, reply](const Status& killed) {
                             reply(killed.map([&] { return kill.trial; }));
                           });
             });
           });
}

}  // namespace hone
