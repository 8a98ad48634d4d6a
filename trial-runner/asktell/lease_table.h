// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "trial-runner/trial_runner.h"
#include "trial-runner/workers.h"

namespace hone::asktell {

/// What changing the table brings about; done after its lock is given back.
struct Effects {
  std::vector<std::function<void()>> calls;
  std::vector<TrialId> hints;  ///< number 0: the room of the experiment has changed
};

struct Key {
  TrialId id;
  Attempt attempt = 0;
  auto operator<=>(const Key&) const = default;
};

/// An attempt from Launch or Adopt until Forget.
struct Held {
  std::string name;
  std::string parameters;
  std::string worker;
  std::string request;               ///< of the question that it answered
  bool adopted = false;              ///< what was recorded of it before is not known here
  std::optional<Timestamp> expires;  ///< nothing: free
  std::optional<Timestamp> deadline;
  Timestamp started_at;
  Timestamp ended_at;
  std::optional<Ending> ending;
  bool told = false;                       ///< it ended by its worker's word
  std::string log;                         ///< PushLines that are not recorded yet
  std::optional<std::uint64_t> log_begin;  ///< offset of `log`; nothing: as the first reader says
  std::set<std::string> rows_seen;         ///< see RowKey
  struct Waiting {
    std::uint64_t end = 0;  ///< of the log, counted from `log`'s begin
    TrialRunner::Done done;
  };
  std::vector<Waiting> until_recorded;
  std::vector<TrialRunner::Done> until_forgotten;
};

/// What a worker says of an attempt while it runs, and at its end.
struct Reported {
  const std::vector<MetricRecord>& records;
  Timestamp expires;  ///< of the lease
  const TrialRunner::Done& done;
};
struct Told {
  const std::vector<MetricRecord>& records;
  const Ending& ending;
  const TrialRunner::Done& done;
};

/// A worker that waits.
struct Asker {
  Workers::Ticket ticket = 0;
  TrialQuestion question;
  Workers::Given given;
  std::vector<Key> got;
  Timestamp until;
};

/// The leases as a value: no lock, thread or clock. Callbacks go into `Effects`.
class LeaseTable {
 public:
  void Ask(Asker asker, Timestamp now, Effects& effects);
  void Withdraw(Workers::Ticket ticket, Timestamp now, Effects& effects);
  void Dismiss(const ExperimentId& experiment, Effects& effects);

  void Launch(const Key& key, Held&& held, Timestamp now, Effects& effects);
  void Adopt(const Key& key, Timestamp now, Duration lease);
  /// Ends a running attempt; harmless for others.
  void End(const Key& key, Ending ending, Timestamp now, Effects& effects);
  void Forget(const Key& key, Effects& effects);
  void Remove(const ExperimentId& experiment, Effects& effects);
  /// @errors kNotFound: it does not run
  Status Renew(const Key& key, Timestamp expires);
  /// @errors kNotFound: it does not run; kResourceExhausted
  Status Report(const Key& key, const Reported& reported, Effects& effects);
  /// @errors kNotFound: it is not known; kResourceExhausted
  Status Tell(const Key& key, const Told& told, Timestamp now, Effects& effects);
  /// Whether a former engine may have recorded rows of it that are not known here.
  [[nodiscard]] bool IsUnread(const Key& key);
  void LearnRows(const Key& key, const std::vector<MetricRecord>& rows);
  static void Recorded(Held& held, std::uint64_t offset, Effects& effects);

  /// Ends what is over by now. @returns when to look again; nothing: not before something changes
  std::optional<Timestamp> Sweep(Timestamp now, Effects& effects);

  [[nodiscard]] Held* Find(const Key& key);
  [[nodiscard]] std::uint32_t Room(const ExperimentId& experiment) const;
  [[nodiscard]] Workers::Counts Count() const;
  [[nodiscard]] std::vector<Sighting> See(const ExperimentId& experiment) const;
  static Sighting SightingOf(const Key& key, const Held& held);

 private:
  using Askers = std::list<Asker>;
  /// Gives free attempts of an experiment to those who wait, in the order of their asking.
  void Match(const ExperimentId& experiment, Timestamp now, Effects& effects);
  /// Gives what a former question of the same request was given, if that still runs.
  bool AnswerAgain(Asker& asker, Timestamp now, Effects& effects);
  /// A running one. @errors kNotFound
  Result<Held*> Running(const Key& key);
  /// Adds rows to the log of an attempt. @errors kResourceExhausted
  static Status Write(Held& held, const std::vector<MetricRecord>& records);
  /// Answers with what it got. @returns the one after it
  Askers::iterator Answer(Askers::iterator asker, Effects& effects);

  std::map<Key, Held> held_;
  Askers askers_;
  std::uint64_t expired_ = 0;
};

/// The same for two reports of one row; empty for a row that nothing tells from others.
std::string RowKey(const MetricRecord& record);

}  // namespace hone::asktell
