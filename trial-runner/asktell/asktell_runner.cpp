// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/asktell/asktell_runner.h"

#include <algorithm>
#include <utility>

#include "base/guarded.h"
#include "trial-runner/asktell/lease_table.h"

namespace hone {
namespace {

using asktell::Effects;
using asktell::Held;
using asktell::Key;
using asktell::LeaseTable;

constexpr std::uint32_t kMostPlaces = 1U << 20;

}  // namespace

struct AskTellRunner::Impl : std::enable_shared_from_this<AskTellRunner::Impl> {
  struct State {
    LeaseTable table;
    std::function<void(TrialId)> hint;
    std::optional<Timestamp> timer;  // when the next one comes
    Ticket last_ticket = 0;

    /// @returns the moment for which a timer is to be started; nothing: there is one in time
    std::optional<Timestamp> Arm(std::optional<Timestamp> next) {
      if (!next || (timer && *timer <= *next)) {
        return std::nullopt;
      }
      timer = next;
      return next;
    }
  };

  Impl(TrialRunner* the_others, Executor& the_executor, const Clock& the_clock,
       ReadRecords read_records, Options the_options)
      : others(the_others),
        executor(the_executor),
        clock(the_clock),
        records(std::move(read_records)),
        options(the_options) {}

  /// Changes the table, then does what that brings about.
  template <class Change>
  auto Do(Change change) {
    Effects effects;
    const Timestamp now = clock.Now();
    std::optional<Timestamp> timer;
    auto result = state.WithLock([&](State& s) {
      auto made = change(s, now, effects);
      timer = s.Arm(s.table.Sweep(now, effects));
      return made;
    });
    Bring(effects);
    if (timer) {
      LookAfter(*timer - now);
    }
    return result;
  }

  void Bring(const Effects& effects) {
    const auto hint = state.WithLock([](const State& s) { return s.hint; });
    for (const TrialId& id : effects.hints) {
      if (hint) {
        hint(id);
      }
    }
    for (const auto& call : effects.calls) {
      call();
    }
  }

  void LookAfter(Duration delay) {
    executor.PostAfter(delay, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->OnTimer();
      }
    });
  }

  void OnTimer() {
    Do([](State& s, Timestamp /*now*/, Effects& /*effects*/) {
      s.timer.reset();
      return 0;
    });
  }

  /// Rows that a former engine recorded of an adopted attempt are known from now on.
  Status LearnRows(const Key& key) {
    if (!state.WithLock([&](State& s) { return s.table.IsUnread(key); })) {
      return {};
    }
    HONE_ASSIGN_OR_RETURN(const auto rows, records(key.id, key.attempt));
    state.WithLock([&](State& s) { s.table.LearnRows(key, rows); });
    return {};
  }

  TrialRunner* others;
  Executor& executor;
  const Clock& clock;
  ReadRecords records;
  Options options;
  Guarded<State> state;
};

namespace {

/// Reads the unrecorded rest of an attempt's log.
template <class Impl>
class LogSource final : public ByteSource {
 public:
  LogSource(std::weak_ptr<Impl> impl, Key key) : impl_(std::move(impl)), key_(std::move(key)) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    const auto impl = impl_.lock();
    if (impl == nullptr) {
      return 0;
    }
    return impl->state.WithLock([&](auto& s) -> Result<std::uint64_t> {
      Held* const held = s.table.Find(key_);
      if (held == nullptr) {
        return 0;
      }
      const std::uint64_t begin = held->log_begin.value_or(offset);
      held->log_begin = begin;
      if (offset < begin || offset - begin >= held->log.size()) {
        return 0;
      }
      const std::uint64_t bytes =
          std::min<std::uint64_t>(limit, held->log.size() - (offset - begin));
      out.append(held->log, offset - begin, bytes);
      return bytes;
    });
  }

 private:
  std::weak_ptr<Impl> impl_;
  Key key_;
};

}  // namespace

AskTellRunner::AskTellRunner(TrialRunner* others, Executor& executor, const Clock& clock,
                             ReadRecords records, Options options)
    : impl_(std::make_shared<Impl>(others, executor, clock, std::move(records), options)) {}

AskTellRunner::~AskTellRunner() = default;

Workers::Ticket AskTellRunner::Ask(TrialQuestion question, Given given) {
  return impl_->Do([&](Impl::State& s, Timestamp now, Effects& effects) {
    const Ticket ticket = ++s.last_ticket;
    const Timestamp until = now + question.wait;
    s.table.Ask({ticket, std::move(question), std::move(given), {}, until}, now, effects);
    return ticket;
  });
}

void AskTellRunner::Withdraw(Ticket ticket) {
  impl_->Do([&](Impl::State& s, Timestamp now, Effects& effects) {
    s.table.Withdraw(ticket, now, effects);
    return 0;
  });
}

void AskTellRunner::Dismiss(const ExperimentId& experiment) {
  impl_->Do([&](Impl::State& s, Timestamp /*now*/, Effects& effects) {
    s.table.Dismiss(experiment, effects);
    return 0;
  });
}

Status AskTellRunner::Renew(const TrialId& id, Attempt attempt, Duration lease) {
  return impl_->Do([&](Impl::State& s, Timestamp now, Effects& /*effects*/) {
    return s.table.Renew({id, attempt}, now + lease);
  });
}

void AskTellRunner::Report(const TrialId& id, Attempt attempt, std::vector<MetricRecord> records,
                           Duration lease, Done done) {
  const Key key{id, attempt};
  if (const Status learnt = impl_->LearnRows(key); !learnt.has_value()) {
    return done(learnt);
  }
  const Status written = impl_->Do([&](Impl::State& s, Timestamp now, Effects& effects) {
    return s.table.Report(key, {records, now + lease, done}, effects);
  });
  if (!written.has_value()) {
    done(written);
  }
}

void AskTellRunner::Tell(const TrialId& id, Attempt attempt, std::vector<MetricRecord> records,
                         Ending ending, Done done) {
  const Key key{id, attempt};
  if (const Status learnt = impl_->LearnRows(key); !learnt.has_value()) {
    return done(learnt);
  }
  const Status told = impl_->Do([&](Impl::State& s, Timestamp now, Effects& effects) {
    return s.table.Tell(key, {records, ending, done}, now, effects);
  });
  if (!told.has_value()) {
    done(told);
  }
}

void AskTellRunner::WhenForgotten(const TrialId& id, Attempt attempt, Done done) {
  const bool known = impl_->state.WithLock([&](Impl::State& s) {
    Held* const held = s.table.Find({id, attempt});
    if (held != nullptr) {
      held->until_forgotten.push_back(done);
    }
    return held != nullptr;
  });
  if (!known) {
    done(Fail(Code::kNotFound, "the attempt is over, or was never given"));
  }
}

Workers::Counts AskTellRunner::Count() const {
  return impl_->state.WithLock([](const Impl::State& s) { return s.table.Count(); });
}

Result<TrialRunner*> AskTellRunner::For(const ExperimentSpec& spec) {
  if (spec.runner == RunnerKind::kAskTell) {
    return this;
  }
  return impl_->others != nullptr ? impl_->others->For(spec) : TrialRunner::For(spec);
}

void AskTellRunner::Check(const ExperimentSpec& spec, Problems& problems) const {
  if (spec.runner != RunnerKind::kAskTell && impl_->others != nullptr) {
    impl_->others->Check(spec, problems);
  }
}

Capacity AskTellRunner::Total() const {
  return impl_->others != nullptr ? impl_->others->Total() : Capacity{kMostPlaces, 0};
}

std::optional<std::uint32_t> AskTellRunner::Room(const ExperimentId& experiment) const {
  return impl_->state.WithLock([&](const Impl::State& s) { return s.table.Room(experiment); });
}

void AskTellRunner::Adopt(const TrialId& id, Attempt attempt) {
  impl_->Do([&](Impl::State& s, Timestamp now, Effects& /*effects*/) {
    s.table.Adopt({id, attempt}, now, impl_->options.adopted_lease);
    return 0;
  });
}

void AskTellRunner::Launch(LaunchSpec spec, Done done) {
  impl_->Do([&](Impl::State& s, Timestamp now, Effects& effects) {
    Held held;
    held.name = spec.trial_name;
    held.parameters = spec.parameters;
    held.started_at = now;
    if (spec.deadline) {
      held.deadline = now + *spec.deadline;
    }
    s.table.Launch({spec.id, spec.attempt}, std::move(held), now, effects);
    return 0;
  });
  done({});
}

void AskTellRunner::Stop(TrialId id, Attempt attempt, StopMode /*mode*/, Done done) {
  impl_->Do([&](Impl::State& s, Timestamp now, Effects& effects) {
    s.table.End({id, attempt}, {EndingKind::kStopped, 0, 0, "stopped"}, now, effects);
    return 0;
  });
  done({});
}

void AskTellRunner::Observe(const ExperimentId& experiment, Seen seen) {
  seen(impl_->state.WithLock([&](const Impl::State& s) { return s.table.See(experiment); }));
}

void AskTellRunner::OnHint(std::function<void(TrialId)> hint) {
  if (impl_->others != nullptr) {
    impl_->others->OnHint(hint);
  }
  impl_->state.WithLock([&](Impl::State& s) { s.hint = std::move(hint); });
}

Result<std::optional<Sighting>> AskTellRunner::Look(TrialId id, Attempt attempt) {
  const Key key{std::move(id), attempt};
  return impl_->state.WithLock([&](Impl::State& s) -> std::optional<Sighting> {
    const Held* const held = s.table.Find(key);
    return held == nullptr ? std::nullopt : std::optional(LeaseTable::SightingOf(key, *held));
  });
}

void AskTellRunner::Forget(TrialId id, Attempt attempt) {
  impl_->Do([&](Impl::State& s, Timestamp /*now*/, Effects& effects) {
    s.table.Forget({id, attempt}, effects);
    return 0;
  });
}

Result<std::unique_ptr<ByteSource>> AskTellRunner::OpenOutput(TrialId id, Attempt attempt,
                                                              const std::string& /*file*/) {
  return std::make_unique<LogSource<Impl>>(impl_, Key{std::move(id), attempt});
}

void AskTellRunner::Recorded(const TrialId& id, Attempt attempt, std::uint64_t offset) {
  impl_->Do([&](Impl::State& s, Timestamp /*now*/, Effects& effects) {
    if (Held* const held = s.table.Find({id, attempt})) {
      LeaseTable::Recorded(*held, offset, effects);
    }
    return 0;
  });
}

Status AskTellRunner::Remove(const ExperimentId& experiment) {
  impl_->Do([&](Impl::State& s, Timestamp /*now*/, Effects& effects) {
    s.table.Remove(experiment, effects);
    return 0;
  });
  return impl_->others != nullptr ? impl_->others->Remove(experiment) : Status();
}

}  // namespace hone
