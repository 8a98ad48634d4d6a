// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/store.h"

/// What every Store must do. An implementation runs all cases, each on a fresh store:
///
///   for (const StoreCase& c : StoreCases()) {
///     DYNAMIC_SECTION(c.name) { c.body(*make()); }
///   }
namespace hone::test {

inline constexpr std::size_t kAll = 1'000'000;  ///< more events than a test writes

/// A fresh store and the way to wait for it.
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;
  virtual Store& store() = 0;
  /// Returns when `ready` says so, by waiting or by driving an executor; after 30 s in any case.
  virtual void WaitUntil(const std::function<bool()>& ready) = 0;
  /// The store's clock moves on by this.
  virtual void Advance(Duration by) = 0;
  /// Whether calls may come from many threads.
  [[nodiscard]] virtual bool threads() const { return true; }
};

struct StoreCase {
  const char* name;
  void (*body)(StoreHarness& harness);
};

/// Steps.
std::span<const StoreCase> LedgerCases();
/// Observations, alone and with steps.
std::span<const StoreCase> ObservationCases();
/// Lists, rows, owners, requests.
std::span<const StoreCase> CatalogCases();

// --- Helpers, also for tests of single implementations -----------------------------------------

/// An id that is the same in each run.
ExperimentId IdOf(int n);
/// A moment `seconds` after a fixed day.
Timestamp At(int seconds);
/// The step that creates an experiment named "x<n>" in namespace "default", with one event.
LedgerStep CreateStep(int n, OwnerEpoch epoch = 0);
/// A step of `events` events at version `expected`, with a launch command and the row of trial 1.
LedgerStep NextStep(int n, Version expected, int events = 1, OwnerEpoch epoch = 0);
TrialRow RowOf(int experiment, TrialNumber number, const std::string& phase);
ObservationBatch BatchOf(int experiment, TrialNumber trial, std::uint64_t from, std::uint64_t to);

/// Starts the write and waits for its `done`.
Status AppendNow(StoreHarness& harness, LedgerStep step);
Status RecordNow(StoreHarness& harness, ObservationBatch batch);
/// The code of an error; kOk when there is none.
Code CodeOf(const Status& status);
inline constexpr Code kOk = static_cast<Code>(0);

/// Appends all steps at once. @returns the answers in the order of the calls
std::vector<Code> Pipeline(StoreHarness& h, std::vector<LedgerStep> steps);

}  // namespace hone::test
