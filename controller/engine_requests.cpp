// SPDX-License-Identifier: Apache-2.0
// What the engine does for each kind of request.
#include "base/crash.h"
#include "base/log.h"
#include "controller/admission/admission.h"
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
                      [self = shared_from_this(), id, reply = std::move(reply)](const Status& s) {
                        self->strand_->Post([self, id, reply, s] {
                          if (!s.has_value()) {
                            return reply(tl::make_unexpected(s.error()));
                          }
                          self->Drive(id, [id, reply](const Status& driven) {
                            reply(driven.has_value() ? Result<std::string>(id.text)
                                                     : tl::make_unexpected(driven.error()));
                          });
                        });
                      });
}

void Engine::Run(const request::Resume& resume, Reply reply) {
  FindByName(resume.experiment, [self = shared_from_this(), edit = resume.edit,
                                 reply = std::move(reply)](const Result<ExperimentRow>& row) {
    if (!row.has_value()) {
      return reply(tl::make_unexpected(row.error()));
    }
    if (!self->options_.crash_folder.empty()) {
      if (const Status forgiven = ForgiveCrashes(self->options_.crash_folder, row->id.text);
          !forgiven.has_value()) {
        return reply(tl::make_unexpected(forgiven.error()));
      }
    }
    self->Drive(row->id, [self, id = row->id, edit, reply](const Status& driven) {
      if (!driven.has_value()) {
        return reply(tl::make_unexpected(driven.error()));
      }
      const auto strand = self->driven_.at(id).strand;
      const auto answer = [id, reply](const Status& status) {
        reply(status.has_value() ? Result<std::string>(id.text)
                                 : tl::make_unexpected(status.error()));
      };
      if (edit == event::BudgetEdited{}) {
        return strand->Post(input::Resume{}, answer);
      }
      strand->Post(input::EditBudget{edit}, [strand, answer](const Status& edited) {
        if (!edited.has_value()) {
          return answer(edited);
        }
        strand->Post(input::Resume{}, answer);
      });
    });
  });
}

void Engine::Run(const request::Stop& stop, Reply reply) {
  FindByName(stop.experiment, [self = shared_from_this(), reason = stop.reason,
                               reply = std::move(reply)](const Result<ExperimentRow>& row) {
    if (!row.has_value()) {
      return reply(tl::make_unexpected(row.error()));
    }
    self->Drive(row->id, [self, id = row->id, reason, reply](const Status& driven) {
      if (!driven.has_value()) {
        return reply(tl::make_unexpected(driven.error()));
      }
      self->driven_.at(id).strand->Post(input::Suspend{reason, false},
                                        [self, id, reply](const Status& status) {
                                          self->strand_->Post([self, id, reply, status] {
                                            if (!status.has_value()) {
                                              return reply(tl::make_unexpected(status.error()));
                                            }
                                            self->WhenDrained(id, [id, reply] { reply(id.text); });
                                          });
                                        });
    });
  });
}

void Engine::Run(const request::Delete& remove, Reply reply) {
  FindByName(remove.experiment, [self = shared_from_this(),
                                 reply = std::move(reply)](const Result<ExperimentRow>& row) {
    if (!row.has_value()) {
      return reply(tl::make_unexpected(row.error()));
    }
    self->Drive(row->id, [self, id = row->id, reply](const Status& driven) {
      if (!driven.has_value()) {
        return reply(tl::make_unexpected(driven.error()));
      }
      // A finished experiment refuses to be suspended, which is fine: only what runs has to end
      // first.
      self->driven_.at(id).strand->Post(
          input::Suspend{"deleted", false}, [self, id, reply](const Status& /*status*/) {
            self->strand_->Post([self, id, reply] {
              self->WhenDrained(id, [self, id, reply] { self->Remove(id, reply); });
            });
          });
    });
  });
}

void Engine::Remove(const ExperimentId& id, Reply reply) {
  const auto found = driven_.find(id);
  if (found == driven_.end()) {
    return reply(Fail(Code::kNotFound, "the experiment is being deleted already"));
  }
  const auto strand = found->second.strand;
  driven_.erase(found);
  strand->Close([self = shared_from_this(), id, reply = std::move(reply)] {
    self->ports_.io.Post([self, id, reply] {
      Status gone = self->ports_.store.DeleteExperiment(id, self->epoch_, self->ports_.clock.Now());
      if (gone.has_value()) {
        gone = self->ports_.runner.Remove(id);
      }
      self->strand_->Post([self, id, reply, gone] {
        reply(gone.has_value() ? Result<std::string>(id.text) : tl::make_unexpected(gone.error()));
        self->CheckIdle();
      });
    });
  });
}

void Engine::Run(const request::KillTrial& kill, Reply reply) {
  ports_.io.Post([self = shared_from_this(), kill, reply = std::move(reply)] {
    const auto id = self->ports_.store.FindTrial(kill.trial);
    self->strand_->Post([self, kill, reply, id] {
      if (!id.has_value()) {
        return reply(tl::make_unexpected(id.error()));
      }
      self->Drive(id->experiment, [self, id = *id, kill, reply](const Status& driven) {
        if (!driven.has_value()) {
          return reply(tl::make_unexpected(driven.error()));
        }
        self->driven_.at(id.experiment)
            .strand->Post(input::KillTrial{id.number, kill.reason},
                          [kill, reply](const Status& status) {
                            reply(status.has_value() ? Result<std::string>(kill.trial)
                                                     : tl::make_unexpected(status.error()));
                          });
      });
    });
  });
}

}  // namespace hone
