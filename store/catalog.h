// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/ids.h"
#include "core/projection.h"
#include "store/ledger.h"
#include "store/observations.h"

namespace hone {

/// Work handed to the engine that holds a store, by a process that does not.
struct Request {
  std::int64_t id = 0;
  std::string kind;     ///< "create", "resume", "stop", "delete", "edit", "kill", "gone"
  std::string payload;  ///< JSON
  bool answered = false;
  std::string reply;  ///< JSON, once answered: {"ok": ...} or {"code": .., "message": ..}
};

/// Who drives an experiment, as far as the store knows.
struct OwnerInfo {
  OwnerEpoch epoch = 0;
  std::string name;    ///< of the owner; empty: nobody, or one that was declared dead
  bool alive = false;  ///< its lease holds
};

/// What lists, people and owners need beside the ledgers: names, rows, owners, requests.
/// @threads  all calls are thread-safe
class Catalog {
 public:
  virtual ~Catalog() = default;

  /// Newest first.
  virtual Result<std::vector<ExperimentRow>> ListExperiments() = 0;
  /// By name and namespace. @errors kNotFound
  virtual Result<ExperimentRow> FindExperiment(const std::string& name_space,
                                               const std::string& name) = 0;
  /// Rows in the order of numbers.
  virtual Result<std::vector<TrialRow>> ListTrials(const ExperimentId& experiment) = 0;
  /// A trial by its name, over all experiments. @errors kNotFound
  virtual Result<TrialId> FindTrial(const std::string& trial_name) = 0;
  /// Replaces all rows of an experiment: what `rebuild` does from the events. Version, name and
  /// owner stay. @errors kNotFound, kAlreadyExists (a trial's name is another experiment's)
  virtual Status ReplaceRows(const ExperimentId& experiment, const Projection& projection) = 0;
  /// Removes everything of an experiment and leaves its ExperimentDeleted event, which Read and
  /// ReadAll go on showing. The name is free again.
  /// @errors kNotFound, kAborted if the epoch moved
  virtual Status DeleteExperiment(const ExperimentId& experiment, OwnerEpoch epoch,
                                  Timestamp now) = 0;

  /// Takes in a whole experiment that was recorded elsewhere, in one transaction. A deleted
  /// experiment of the same UID gives it up. @param step  from version 0 on, epoch 0: nobody owns
  /// it
  /// @errors kAborted: it is here already; kAlreadyExists: its name, or a trial's, is taken; else
  /// those of Append and Record
  virtual Status Adopt(LedgerStep step, std::vector<ObservationBatch> batches) = 0;

  /// A new owner: its epoch is larger than all before. A former one of the same name is declared
  /// dead and its experiments are handed over, so that a restarted process need not wait for its
  /// own lease, and nobody else takes them meanwhile.
  /// @param owner  the same for each start of a process that can have no twin (machine and data
  /// folder); @param alive_for  by the store's clock, until the next beat
  virtual Result<OwnerEpoch> RegisterOwner(const std::string& owner, Duration alive_for) = 0;
  /// @errors kAborted if the owner was declared dead meanwhile
  virtual Status Heartbeat(OwnerEpoch epoch, Duration alive_for) = 0;
  /// Takes an experiment whose owner is dead, unknown, or this one; an owner whose time is over is
  /// declared dead by it. @errors kNotFound, kAborted (a living owner has it, or this one is
  /// registered no more)
  virtual Status TakeOver(const ExperimentId& experiment, OwnerEpoch epoch) = 0;
  /// Experiments that have work to do and that `epoch` may drive: they are its own, or their owner
  /// is dead, unknown, or silent for longer than its lease. Newest first; cheap enough to ask every
  /// second.
  virtual Result<std::vector<ExperimentRow>> ListUndriven(OwnerEpoch epoch) = 0;
  /// @errors kNotFound
  virtual Result<OwnerInfo> OwnerOf(const ExperimentId& experiment) = 0;

  /// @param kind  followed by "@" and the name of an owner: for that one, whoever posts it
  virtual Result<std::int64_t> PostRequest(const std::string& kind, const std::string& payload) = 0;
  virtual Result<std::vector<Request>> OpenRequests() = 0;
  /// @errors kNotFound, kFailedPrecondition (answered already)
  virtual Status AnswerRequest(std::int64_t id, const std::string& reply) = 0;
  /// Answered requests stay for a while. @errors kNotFound
  virtual Result<Request> GetRequest(std::int64_t id) = 0;

  /// Changes whenever another connection may have written; cheap enough to poll many times a
  /// second.
  virtual Result<std::int64_t> ChangeCounter() = 0;

  /// Whether what is stored can be read and fits together, as far as the store can tell from
  /// itself. Reads all of it. @errors kDataLoss: the message says what is damaged
  virtual Status CheckIntegrity() = 0;
};

}  // namespace hone
