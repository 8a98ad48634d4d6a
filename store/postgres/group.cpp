// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/group.h"

#include <charconv>
#include <set>
#include <utility>

#include "base/text.h"
#include "store/checks.h"
#include "store/columns.h"

namespace hone::postgres {
namespace {

constexpr char kWriteGroup[] =
    "SELECT write_group($1::text, $2::bigint, $3::bigint, $4::experiments[], $5::bigint[], "
    "$6::events[], $7::outbox[], $8::trials[], $9::collector_offsets[], $10::bigint[], "
    "$11::bigint[], $12::observations[], $13::outbox[])";

// Of a transaction: its positions have so many bits.
constexpr std::size_t kMostEvents = std::size_t{1} << 20;

/// The words of write_group's answer.
struct Refused {
  std::set<std::int64_t> steps;  // keys of experiments
  std::set<std::int64_t> gone;   // numbers of offsets, from 1
  std::set<std::int64_t> elsewhere;
};

Refused Parse(const std::string& text) {
  Refused refused;
  for (const std::string_view word : Split(text, ' ')) {
    const auto number = word.empty() ? std::nullopt : ParseInt(word.substr(1));
    if (number) {
      auto& where = word[0] == 's'   ? refused.steps
                    : word[0] == 'g' ? refused.gone
                                     : refused.elsewhere;
      where.insert(*number);
    }
  }
  return refused;
}

}  // namespace

RowsText& AddTrial(RowsText& rows, std::int64_t key, const TrialRow& row) {
  rows.Row()
      .Int(TrialKey(key, row.number))
      .Null(2);  // experiment and number: the server makes them
  return store::BindTrial(rows, row);
}

Group::Fit Group::AddStep(Connection& connection, const EncodedStep& step, Status& refusal) {
  const std::optional<std::int64_t> key = connection.KeyOf(step.experiment);
  if (!key) {
    refusal = tl::make_unexpected(store::Moved(step.experiment, step.expected, step.epoch));
    return Fit::kRefused;
  }
  const auto [known, is_new] = step_of_.emplace(*key, steps_.size());
  if (is_new) {
    steps_.push_back({.key = *key, .all = {}});
  }
  Steps& steps = steps_[known->second];
  if (!is_new && (steps.all.back()->events.back().seq != step.expected ||
                  steps.all.back()->epoch != step.epoch)) {
    return Fit::kNotHere;
  }
  for (const EncodedBatch& encoded : step.observations) {
    if (!AddRows(encoded, *key, *key)) {
      return Fit::kNotHere;
    }
  }
  steps.all.push_back(&step);
  events_ += step.events.size();
  added_.push_back({.step = &step, .place = known->second});
  return Fit::kAdded;
}

Group::Fit Group::AddBatch(Connection& connection, const EncodedBatch& encoded, Status& refusal) {
  const ObservationBatch& batch = encoded.batch;
  const std::optional<std::int64_t> key = connection.KeyOf(batch.trial.experiment);
  if (!key) {
    refusal = tl::make_unexpected(store::NoExperiment(batch.trial.experiment));
    return Fit::kRefused;
  }
  if (!AddRows(encoded, *key, 0)) {
    return Fit::kNotHere;
  }
  added_.push_back({.batch = &encoded, .place = rows_.back().second});
  return Fit::kAdded;
}

/// Those that belong to a step and others are not told as one.
bool Group::AddRows(const EncodedBatch& encoded, std::int64_t key, std::int64_t with) {
  const ObservationBatch& batch = encoded.batch;
  const std::int64_t trial = TrialKey(key, batch.trial.number);
  const auto [known, is_new] =
      batch_of_.emplace(Source(trial, batch.attempt, batch.source), batches_.size());
  if (is_new) {
    batches_.push_back({.trial = trial, .with = with, .all = {}});
  }
  Batches& batches = batches_[known->second];
  if (!is_new && (with != 0 || batches.with != 0 ||
                  batches.all.back()->batch.offset_after != batch.offset_before)) {
    return false;
  }
  batches.all.push_back(&encoded);
  rows_.emplace_back(&encoded, known->second);
  return true;
}

Group::Fit Group::Add(Connection& connection, const What& what, Status& refusal) {
  if (const auto* step = std::get_if<std::shared_ptr<const Result<EncodedStep>>>(&what)) {
    const Result<EncodedStep>& encoded = **step;
    if (!encoded) {
      refusal = tl::make_unexpected(encoded.error());
      return Fit::kRefused;
    }
    const bool fits = encoded->expected != 0 && events_ + encoded->events.size() <= kMostEvents;
    return fits ? AddStep(connection, *encoded, refusal) : Fit::kNotHere;
  }
  if (const auto* batch = std::get_if<std::shared_ptr<const EncodedBatch>>(&what)) {
    return AddBatch(connection, **batch, refusal);
  }
  if (const auto* done = std::get_if<DoneCommand>(&what)) {
    // Of an experiment that is not there, there is no command either: key 0 finds nothing.
    done_.emplace_back(connection.KeyOf(done->experiment).value_or(0), done);
    added_.emplace_back();
    return Fit::kAdded;
  }
  return Fit::kNotHere;
}

void Group::BindSteps(Use& call) const {
  RowsText rows;
  std::vector<std::int64_t> expected;
  for (const Steps& steps : steps_) {
    const EncodedStep& last = *steps.all.back();
    rows.Row().Int(steps.key).Null(3).Unsigned(last.events.back().seq).Unsigned(last.epoch).Int(0);
    const ExperimentRow& row = last.projection.experiment;
    store::BindState(rows, row).Null().Time(row.ended_at);
    expected.push_back(static_cast<std::int64_t>(steps.all.front()->expected));
  }
  RowsText events;
  RowsText outbox;
  std::map<std::pair<std::size_t, TrialNumber>, const TrialRow*> trials;  // as they are at the end
  std::int64_t position = 0;
  for (const Added& added : added_) {
    if (added.step == nullptr) {
      continue;
    }
    const std::int64_t key = steps_[added.place].key;
    for (const store::EncodedEvent& event : added.step->events) {
      events.Row().Int(position++).Int(key).Unsigned(event.seq);
      events.Int(event.at.time_since_epoch().count()).Text(event.kind).Text(event.payload);
    }
    std::int64_t n = 0;
    for (const std::string& payload : added.step->outbox) {
      outbox.Row().Int(key).Unsigned(added.step->events.back().seq).Int(n++).Text(payload);
    }
    for (const TrialRow& row : added.step->projection.trials) {
      trials[{added.place, row.number}] = &row;
    }
  }
  RowsText trial_rows;
  for (const auto& [trial, row] : trials) {
    AddTrial(trial_rows, steps_[trial.first].key, *row);
  }
  call.Table(std::move(rows)).Ints(expected).Table(std::move(events)).Table(std::move(outbox));
  call.Table(std::move(trial_rows));
}

void Group::BindBatches(Use& call) const {
  RowsText offsets;
  RowsText records;
  std::vector<std::int64_t> before;
  std::vector<std::int64_t> with;
  for (const Batches& batches : batches_) {
    const ObservationBatch& first = batches.all.front()->batch;
    offsets.Row().Int(batches.trial).Int(first.attempt).Text(first.source);
    offsets.Unsigned(batches.all.back()->batch.offset_after);
    before.push_back(static_cast<std::int64_t>(first.offset_before));
    with.push_back(batches.with);
  }
  for (const auto& [encoded, place] : rows_) {
    const ObservationBatch& batch = encoded->batch;
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const MetricRecord& record = batch.records[i];
      records.Row().Int(batches_[place].trial).Unsigned(place + 1);
      records.Int(batch.attempt).Text(record.metric).Real(record.step);
      records.Time(record.at).Text(record.text).Real(encoded->numbers[i]);
    }
  }
  call.Table(std::move(offsets)).Ints(before).Ints(with).Table(std::move(records));
}

std::string Group::Run(Use& call) const {
  BindSteps(call);
  BindBatches(call);
  RowsText done;
  for (const auto& [key, command] : done_) {
    done.Row().Int(key).Unsigned(command->seq).Int(command->n).Null();
  }
  return call.Table(std::move(done)).Run().GetText(0, 0);
}

std::string Group::RunAlone(Connection& connection, const std::string& writer,
                            std::int64_t n) const {
  Use call(connection, kWriteGroup);
  call.Text(writer).Int(n).Null();
  return Run(call);
}

std::string Group::RunInside(Connection& connection) const {
  Use call(connection, kWriteGroup);
  call.Text("").Int(0).Int(connection.TakePositions(events_));
  return Run(call);
}

std::vector<Status> Group::Judge(const std::string& refused) const {
  const Refused words = Parse(refused);
  std::vector<Status> statuses;
  for (const Added& added : added_) {
    Status status;
    const auto number = static_cast<std::int64_t>(added.place + 1);
    if (added.step != nullptr && words.steps.contains(steps_[added.place].key)) {
      const EncodedStep& step = *added.step;
      status = tl::make_unexpected(store::Moved(step.experiment, step.expected, step.epoch));
    } else if (added.batch != nullptr && words.gone.contains(number)) {
      status = tl::make_unexpected(store::NoExperiment(added.batch->batch.trial.experiment));
    } else if (added.batch != nullptr && words.elsewhere.contains(number)) {
      const ObservationBatch& batch = added.batch->batch;
      status = tl::make_unexpected(store::OffsetMoved(batch.source, batch.offset_before));
    }
    statuses.push_back(std::move(status));
  }
  return statuses;
}

}  // namespace hone::postgres
