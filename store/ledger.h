// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/projection.h"
#include "store/observations.h"

namespace hone {

/// One step of an experiment: recorded as a whole or not at all.
struct LedgerStep {
  ExperimentId experiment;
  Version expected = 0;             ///< version before; 0 creates the experiment
  OwnerEpoch epoch = 0;             ///< of the owner that appends
  std::vector<Recorded> events;     ///< seq = expected + 1, ...
  std::vector<std::string> outbox;  ///< durable commands (EncodeCommand), in order
  Projection projection;            ///< rows as they are after the events
  /// Values of its trials that are recorded with it, each source once; not at its creation.
  std::vector<ObservationBatch> observations;
};

/// A durable command that may not have been carried out. Its identity is (experiment, seq, n).
struct OutboxItem {
  Version seq = 0;      ///< last seq of the step it came with
  std::uint32_t n = 0;  ///< its place in LedgerStep::outbox
  std::string payload;
  bool operator==(const OutboxItem&) const = default;
};

/// An event with its place in the order over all experiments.
struct Positioned {
  Position position = 0;
  ExperimentId experiment;
  Recorded recorded;
};

/// The truth about experiments. Two operations matter: append and read.
/// @threads  all calls are thread-safe; `done` runs on a thread of the store's and must return
/// quickly
class Ledger {
 public:
  using Done = std::function<void(Status)>;
  virtual ~Ledger() = default;

  /// One transaction: events, outbox, projections, values. Appends of one experiment commit in the
  /// order of the calls; several may be under way, and when one fails the later ones of that
  /// experiment fail too.
  /// @errors (to done) kAborted: version, epoch or an offset moved; kAlreadyExists: creating a name
  /// that exists;
  ///         kAlreadyExists: a trial's name is another trial's; kInvalidArgument: no events, or not
  ///         numbered expected + 1, ..., or values of others; kResourceExhausted: disk full;
  ///         kUnavailable
  virtual void Append(LedgerStep step, Done done) = 0;

  /// Events with seq > from, in order, at most `limit`.
  virtual Result<std::vector<Recorded>> Read(const ExperimentId& experiment, Version from,
                                             std::size_t limit) = 0;
  /// Events of all experiments with position > from, at most `limit`. For watchers.
  virtual Result<std::vector<Positioned>> ReadAll(Position from, std::size_t limit) = 0;

  /// Commands that are not marked done, in order of (seq, n).
  virtual Result<std::vector<OutboxItem>> ReadOutbox(const ExperimentId& experiment) = 0;
  /// Remembers that commands were carried out. Lazy: may be lost in a crash, because commands are
  /// idempotent.
  virtual void MarkDone(const ExperimentId& experiment, Version seq, std::uint32_t n) = 0;

  /// State of a whole experiment as of `seq`, instead of its first events; the latest one wins.
  /// Optional speed-up. @errors kNotFound, kFailedPrecondition (ahead of the ledger)
  virtual Status WriteSnapshot(const ExperimentId& experiment, Version seq,
                               std::string_view payload) = 0;
  virtual Result<std::optional<std::pair<Version, std::string>>> ReadSnapshot(
      const ExperimentId& experiment) = 0;
};

}  // namespace hone
