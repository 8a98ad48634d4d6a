// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "store/encoded.h"
#include "store/postgres/connection.h"

namespace hone::postgres {

using store::EncodedBatch;
using store::EncodedStep;

/// A command that was carried out.
struct DoneCommand {
  ExperimentId experiment;
  Version seq = 0;
  std::uint32_t n = 0;
};

/// Something to be written. A function runs inside a transaction that other writes share: it checks
/// first and writes then, so that an error it returns leaves nothing behind; it may throw what
/// libpqxx throws. Shared: a write may be made again.
using What =
    std::variant<std::function<Status(Connection&)>, std::shared_ptr<const Result<EncodedStep>>,
                 std::shared_ptr<const EncodedBatch>, DoneCommand>;

/// Steps, batches and marks that go to the server with one call: write_group of
/// store/schema/postgres/0003_values_with_steps.sql. What follows on one another within it is told
/// as one step of an experiment and one batch of a source. Life: what was added outlives it.
/// @threads  one at a time
class Group {
 public:
  enum class Fit { kAdded, kRefused, kNotHere };
  /// @param refusal  set if it is kRefused. kNotHere: a function, a step that creates an
  ///                 experiment, or one that does not go on from those before it
  Fit Add(Connection& connection, const What& what, Status& refusal);
  Fit AddStep(Connection& connection, const EncodedStep& step, Status& refusal);
  Fit AddBatch(Connection& connection, const EncodedBatch& encoded, Status& refusal);
  [[nodiscard]] std::size_t Events() const { return events_; }

  /// As a transaction of its own, the n-th of this writer. Throws what libpqxx throws.
  /// @returns what the server turned down; `kNotCounted`: nothing was written
  std::string RunAlone(Connection& connection, const std::string& writer, std::int64_t n) const;
  /// Inside a transaction that was begun and counted.
  std::string RunInside(Connection& connection) const;
  static constexpr std::string_view kNotCounted = "w";

  /// What became of each that was added, in that order.
  [[nodiscard]] std::vector<Status> Judge(const std::string& refused) const;

 private:
  struct Steps {  // of an experiment, each goes on where the one before ended
    std::int64_t key = 0;
    std::vector<const EncodedStep*> all;
  };
  struct Batches {  // of a source
    std::int64_t trial = 0;
    std::int64_t with = 0;  // key of the experiment to whose step they belong; 0: none
    std::vector<const EncodedBatch*> all;
  };
  using Source = std::tuple<std::int64_t, Attempt, std::string_view>;  // of a trial
  struct Added {
    const EncodedStep* step = nullptr;    // or
    const EncodedBatch* batch = nullptr;  // or neither: a mark
    std::size_t place = 0;                // in steps_ or batches_
  };

  /// @param with  see Batches. @returns false: they do not go on from those before
  bool AddRows(const EncodedBatch& encoded, std::int64_t key, std::int64_t with);
  std::string Run(Use& call) const;
  void BindSteps(Use& call) const;
  void BindBatches(Use& call) const;

  std::vector<Added> added_;
  std::vector<Steps> steps_;
  std::map<std::int64_t, std::size_t> step_of_;  // by key
  std::vector<Batches> batches_;
  std::vector<std::pair<const EncodedBatch*, std::size_t>> rows_;  // with places in batches_
  std::map<Source, std::size_t> batch_of_;
  std::vector<std::pair<std::int64_t, const DoneCommand*>> done_;  // with keys
  std::size_t events_ = 0;
};

/// Adds a row of the table `trials`.
RowsText& AddTrial(RowsText& rows, std::int64_t key, const TrialRow& row);

}  // namespace hone::postgres
