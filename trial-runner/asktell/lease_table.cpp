// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/asktell/lease_table.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "core/push_line.h"

namespace hone::asktell {
namespace {

// The engine takes a proposal's trials one after the other: who asked for several waits so long
// for the second one.
constexpr Duration kGather = std::chrono::milliseconds(20);
// Of one attempt, waiting for the store.
constexpr std::size_t kMostUnrecorded = std::size_t{4} << 20;

constexpr char kUnknown[] = "the attempt is over, or was never given";

TrialId RoomOf(const ExperimentId& experiment) {
  return {experiment, 0};
}

}  // namespace

std::string RowKey(const MetricRecord& record) {
  if (record.step) {
    return record.metric + '\n' + FormatDouble(*record.step);
  }
  return record.at ? record.metric + '\t' + std::to_string(record.at->time_since_epoch().count())
                   : "";
}

void LeaseTable::Ask(Asker asker, Timestamp now, Effects& effects) {
  if (!asker.question.request.empty() && AnswerAgain(asker, now, effects)) {
    return;
  }
  const ExperimentId experiment = asker.question.experiment;
  askers_.push_back(std::move(asker));
  Match(experiment, now, effects);
  effects.hints.push_back(RoomOf(experiment));
}

bool LeaseTable::AnswerAgain(Asker& asker, Timestamp now, Effects& effects) {
  const TrialQuestion& question = asker.question;
  const auto earlier = std::ranges::find_if(askers_, [&](const Asker& each) {
    return each.question.experiment == question.experiment &&
           each.question.request == question.request;
  });
  if (earlier != askers_.end()) {
    Withdraw(earlier->ticket, now, effects);  // nobody listens to it any more
  }
  for (auto held = held_.lower_bound({{question.experiment, 0}, 0});
       held != held_.end() && held->first.id.experiment == question.experiment; ++held) {
    const bool same = held->second.request == question.request;
    if (same && held->second.expires && !held->second.ending) {
      held->second.expires = now + question.lease;
      asker.got.push_back(held->first);
    }
  }
  if (asker.got.empty()) {
    return false;
  }
  askers_.push_back(std::move(asker));
  Answer(std::prev(askers_.end()), effects);
  return true;
}

void LeaseTable::Withdraw(Workers::Ticket ticket, Timestamp now, Effects& effects) {
  const auto asker = std::ranges::find(askers_, ticket, &Asker::ticket);
  if (asker == askers_.end()) {
    return;
  }
  const ExperimentId experiment = asker->question.experiment;
  for (const Key& key : asker->got) {
    held_.at(key).expires.reset();
    held_.at(key).request.clear();
  }
  asker->got.clear();
  Answer(asker, effects);
  Match(experiment, now, effects);
  effects.hints.push_back(RoomOf(experiment));
}

void LeaseTable::Dismiss(const ExperimentId& experiment, Effects& effects) {
  for (auto asker = askers_.begin(); asker != askers_.end();) {
    asker = asker->question.experiment == experiment ? Answer(asker, effects) : std::next(asker);
  }
}

LeaseTable::Askers::iterator LeaseTable::Answer(Askers::iterator asker, Effects& effects) {
  std::vector<LeasedTrial> trials;
  for (const Key& key : asker->got) {
    const Held& held = held_.at(key);
    trials.push_back({key.id, key.attempt, held.name, held.parameters, asker->question.lease});
  }
  effects.calls.emplace_back(
      [given = std::move(asker->given), trials = std::move(trials)] { given(trials); });
  return askers_.erase(asker);
}

void LeaseTable::Match(const ExperimentId& experiment, Timestamp now, Effects& effects) {
  auto asker = askers_.begin();
  const auto next_asker = [&] {
    asker = std::find_if(asker, askers_.end(),
                         [&](const Asker& each) { return each.question.experiment == experiment; });
    return asker != askers_.end();
  };
  for (auto held = held_.lower_bound({{experiment, 0}, 0});
       held != held_.end() && held->first.id.experiment == experiment && next_asker(); ++held) {
    if (held->second.expires || held->second.ending) {
      continue;
    }
    held->second.expires = now + asker->question.lease;
    held->second.worker = asker->question.worker;
    held->second.request = asker->question.request;
    asker->got.push_back(held->first);
    asker->until = std::min(asker->until, now + kGather);
    if (asker->got.size() == asker->question.count) {
      asker = Answer(asker, effects);
    }
  }
}

void LeaseTable::Launch(const Key& key, Held&& held, Timestamp now, Effects& effects) {
  if (held_.try_emplace(key, std::move(held)).second) {
    Match(key.id.experiment, now, effects);
  }
}

void LeaseTable::Adopt(const Key& key, Timestamp now, Duration lease) {
  const auto [held, fresh] = held_.try_emplace(key);
  if (fresh) {
    held->second.adopted = true;
    held->second.worker = "a worker from before the start";
    held->second.started_at = now;
    held->second.expires = now + lease;
  }
}

void LeaseTable::End(const Key& key, Ending ending, Timestamp now, Effects& effects) {
  Held* const held = Find(key);
  if (held == nullptr || held->ending) {
    return;
  }
  held->ending = std::move(ending);
  held->ended_at = now;
  effects.hints.push_back(key.id);
}

void LeaseTable::Forget(const Key& key, Effects& effects) {
  const auto held = held_.find(key);
  if (held == held_.end()) {
    return;
  }
  for (TrialRunner::Done& done : held->second.until_forgotten) {
    effects.calls.emplace_back([done = std::move(done)] { done({}); });
  }
  for (Held::Waiting& waiting : held->second.until_recorded) {
    effects.calls.emplace_back([done = std::move(waiting.done)] {
      done(Fail(Code::kNotFound, "the trial ended meanwhile"));
    });
  }
  held_.erase(held);
}

void LeaseTable::Remove(const ExperimentId& experiment, Effects& effects) {
  std::vector<Key> keys;
  for (auto held = held_.lower_bound({{experiment, 0}, 0});
       held != held_.end() && held->first.id.experiment == experiment; ++held) {
    keys.push_back(held->first);
  }
  for (const Key& key : keys) {
    Forget(key, effects);
  }
  Dismiss(experiment, effects);
}

Status LeaseTable::Write(Held& held, const std::vector<MetricRecord>& records) {
  if (held.log.size() > kMostUnrecorded) {
    return Fail(Code::kResourceExhausted,
                "the trial's reports wait for the store; report again a little later");
  }
  for (const MetricRecord& record : records) {
    const std::string key = RowKey(record);
    if (key.empty() || held.rows_seen.insert(key).second) {
      held.log += PushLine(record);
    }
  }
  return {};
}

Status LeaseTable::Renew(const Key& key, Timestamp expires) {
  HONE_ASSIGN_OR_RETURN(Held* const held, Running(key));
  held->expires = expires;
  return {};
}

Status LeaseTable::Report(const Key& key, const Reported& reported, Effects& effects) {
  HONE_ASSIGN_OR_RETURN(Held* const held, Running(key));
  HONE_RETURN_IF_ERROR(Write(*held, reported.records));
  held->expires = reported.expires;
  if (held->log.empty()) {  // all of it is recorded
    effects.calls.emplace_back([done = reported.done] { done({}); });
  } else {
    held->until_recorded.push_back({held->log.size(), reported.done});
    effects.hints.push_back(key.id);
  }
  return {};
}

Status LeaseTable::Tell(const Key& key, const Told& told, Timestamp now, Effects& effects) {
  Held* const held = Find(key);
  const bool ended_otherwise = held != nullptr && held->ending && !held->told;
  if (held == nullptr || ended_otherwise) {
    return Fail(Code::kNotFound, kUnknown);
  }
  if (!held->told) {
    HONE_RETURN_IF_ERROR(Write(*held, told.records));
    held->told = true;
    End(key, told.ending, now, effects);
  }
  held->until_forgotten.push_back(told.done);
  return {};
}

bool LeaseTable::IsUnread(const Key& key) {
  const Held* const held = Find(key);
  return held != nullptr && held->adopted;
}

void LeaseTable::LearnRows(const Key& key, const std::vector<MetricRecord>& rows) {
  Held* const held = Find(key);
  if (held == nullptr) {
    return;
  }
  held->adopted = false;
  for (const MetricRecord& row : rows) {
    held->rows_seen.insert(RowKey(row));
  }
}

void LeaseTable::Recorded(Held& held, std::uint64_t offset, Effects& effects) {
  const std::uint64_t begin = held.log_begin.value_or(offset);
  const std::uint64_t bytes = offset > begin ? offset - begin : 0;
  held.log.erase(0, bytes);
  held.log_begin = begin + bytes;
  std::erase_if(held.until_recorded, [&](Held::Waiting& waiting) {
    waiting.end -= std::min(waiting.end, bytes);
    if (waiting.end > 0) {
      return false;
    }
    effects.calls.emplace_back([done = std::move(waiting.done)] { done({}); });
    return true;
  });
}

std::optional<Timestamp> LeaseTable::Sweep(Timestamp now, Effects& effects) {
  std::optional<Timestamp> next;
  const auto sooner = [&next](Timestamp at) { next = next ? std::min(*next, at) : at; };
  for (auto& [key, held] : held_) {
    if (held.ending || !held.expires) {
      continue;
    }
    const bool late = held.deadline && *held.deadline <= now;
    if (late) {
      End(key, {EndingKind::kTimeout, 0, 0, "ran longer than maxTrialDuration"}, now, effects);
    } else if (*held.expires <= now) {
      ++expired_;
      End(key, {EndingKind::kLost, 0, 0, "its worker (" + held.worker + ") was silent"}, now,
          effects);
    } else {
      sooner(held.deadline ? std::min(*held.expires, *held.deadline) : *held.expires);
    }
  }
  for (auto asker = askers_.begin(); asker != askers_.end();) {
    if (asker->until <= now) {
      effects.hints.push_back(RoomOf(asker->question.experiment));
      asker = Answer(asker, effects);
    } else {
      sooner(asker->until);
      ++asker;
    }
  }
  return next;
}

Held* LeaseTable::Find(const Key& key) {
  const auto held = held_.find(key);
  return held == held_.end() ? nullptr : &held->second;
}

Result<Held*> LeaseTable::Running(const Key& key) {
  Held* const held = Find(key);
  if (held == nullptr || held->ending) {
    return Fail(Code::kNotFound, kUnknown);
  }
  return held;
}

std::uint32_t LeaseTable::Room(const ExperimentId& experiment) const {
  std::size_t room = 0;
  for (auto held = held_.lower_bound({{experiment, 0}, 0});
       held != held_.end() && held->first.id.experiment == experiment; ++held) {
    room += held->second.expires && !held->second.ending ? 1 : 0;
  }
  for (const Asker& asker : askers_) {
    room += asker.question.experiment == experiment ? asker.question.count - asker.got.size() : 0;
  }
  return static_cast<std::uint32_t>(room);
}

Workers::Counts LeaseTable::Count() const {
  const auto leased = std::ranges::count_if(
      held_, [](const auto& entry) { return entry.second.expires && !entry.second.ending; });
  return {static_cast<std::size_t>(leased), askers_.size(), expired_};
}

std::vector<Sighting> LeaseTable::See(const ExperimentId& experiment) const {
  std::vector<Sighting> seen;
  for (auto held = held_.lower_bound({{experiment, 0}, 0});
       held != held_.end() && held->first.id.experiment == experiment; ++held) {
    seen.push_back(SightingOf(held->first, held->second));
  }
  return seen;
}

Sighting LeaseTable::SightingOf(const Key& key, const Held& held) {
  return {key.id.number,   key.attempt,   held.worker.empty() ? "no worker yet" : held.worker,
          held.started_at, held.ended_at, held.ending};
}

}  // namespace hone::asktell
