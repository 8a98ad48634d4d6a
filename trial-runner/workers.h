// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/ending.h"
#include "core/ids.h"
#include "core/observation.h"

namespace hone {

/// A trial in the hands of a worker.
struct LeasedTrial {
  TrialId id;
  Attempt attempt = 0;
  std::string name;
  std::string parameters;  ///< LaunchSpec::parameters
  Duration lease{};        ///< how long, from now, unless it is renewed
};

/// A worker's question.
struct TrialQuestion {
  ExperimentId experiment;
  std::uint32_t count = 1;  ///< most trials it takes
  Duration lease{};
  Duration wait{};           ///< how long it waits for the first one
  std::string worker;        ///< its name, for people
  std::string request = {};  ///< the same in a repetition, which gets the same trials; empty: none
};

/// Hands trials out to workers that ask for them, and takes what they tell.
/// @threads  all calls are thread-safe; callbacks come on any thread
class Workers {
 public:
  using Given = std::function<void(std::vector<LeasedTrial>)>;
  using Done = std::function<void(Status)>;
  using Ticket = std::uint64_t;
  virtual ~Workers() = default;

  /// Asks for trials. @param given  called once: with at least one trial, or with none when the
  /// time is over or Dismiss came first
  virtual Ticket Ask(TrialQuestion question, Given given) = 0;
  /// Whoever asked is gone: trials not given yet are free for others. `given` may still be called.
  virtual void Withdraw(Ticket ticket) = 0;
  /// The experiment gives no more trials: who waits for it is answered.
  virtual void Dismiss(const ExperimentId& experiment) = 0;

  /// The worker lives. @errors kNotFound: the attempt is not known, or over
  virtual Status Renew(const TrialId& id, Attempt attempt, Duration lease) = 0;
  /// Reported values; renews the lease. @param done  once they are recorded. May read the store.
  /// @errors (to done) kNotFound as Renew; kResourceExhausted: too much is unrecorded
  virtual void Report(const TrialId& id, Attempt attempt, std::vector<MetricRecord> records,
                      Duration lease, Done done) = 0;
  /// The end of an attempt, with its last values. Again: waits for the same end.
  /// @param done  once the ledger has it. May read the store.
  virtual void Tell(const TrialId& id, Attempt attempt, std::vector<MetricRecord> records,
                    Ending ending, Done done) = 0;
  /// `done` once the ledger has the end of the attempt, or kNotFound if it is not known.
  virtual void WhenForgotten(const TrialId& id, Attempt attempt, Done done) = 0;

  /// Attempts in the hands of workers, and waiting questions, for metrics.
  struct Counts {
    std::size_t leased = 0;
    std::size_t waiting = 0;
    std::uint64_t expired = 0;
  };
  [[nodiscard]] virtual Counts Count() const = 0;
};

}  // namespace hone
