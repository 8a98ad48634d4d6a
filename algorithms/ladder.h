// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/searcher.h"
#include "core/history.h"
#include "core/problem.h"
#include "core/settings.h"
#include "core/space.h"

namespace hone {

/// The budgets of a multi-fidelity search, the smallest first: R / eta^k, rounded down to whole
/// numbers. The setting resource_name says how a trial gets its budget: as the value of the
/// parameter of this name, or, with "HONE_BUDGET", in this variable of its environment.
/// @threads  immutable
class Ladder {
 public:
  static constexpr std::string_view kEnvironment = "HONE_BUDGET";
  /// Whether some parameter carries the budget.
  static bool HasCarrier(const Space& space, const Settings& settings);

  /// @param smallest  no budget is below it. @param context  one that Check finds no fault with
  Ladder(const SearchContext& context, double smallest);
  /// What is wrong between budgets, the parameter that carries them, and the space.
  static void Check(const SearchContext& context, double smallest, Problems& problems);
  /// r_l, eta, resource_name and promote_from: names and defaults as in Katib's hyperband.
  static std::vector<SettingSpec> SettingSpecs();

  [[nodiscard]] std::size_t size() const { return budgets_.size(); }
  [[nodiscard]] std::size_t top() const { return budgets_.size() - 1; }
  [[nodiscard]] double Budget(std::size_t level) const { return budgets_[level]; }
  [[nodiscard]] double eta() const { return eta_; }
  [[nodiscard]] std::string Text(std::size_t level) const;

  /// The budget of a configuration that a person gives: its own, or the full one.
  [[nodiscard]] std::optional<double> BudgetOf(const Assignment& values) const;
  /// The level of a trial's budget; nothing: it has none of these budgets.
  [[nodiscard]] std::optional<std::size_t> LevelOf(const history::Proposed& proposed) const;
  /// The same configuration with another budget.
  [[nodiscard]] Assignment At(std::size_t level, Assignment values) const;
  /// Equal for trials that differ in their budgets only.
  [[nodiscard]] std::string KeyOf(const Assignment& values) const;
  /// The space with the budget fixed.
  [[nodiscard]] Space SpaceAt(std::size_t level, Space space) const;
  /// The budget's part of a proposal.
  [[nodiscard]] proposal::Start Start(std::size_t level, const Assignment& values) const;
  /// A promotion goes on with its parent, and from its checkpoint unless the user does not want it;
  /// its note says so.
  void Promote(TrialNumber parent, const std::optional<std::string>& checkpoint,
               proposal::Start& start) const;

  /// Setting promote_by: whether a trial that is promoted is paused and resumed, or has a child.
  /// @param by_default  it is resumed, where that can be
  static SettingSpec PromoteBySetting(bool by_default);
  /// What is wrong about it.
  static void CheckPromoteBy(const SearchContext& context, Problems& problems);
  static bool Resumes(const SearchContext& context, bool by_default);
  /// A paused trial's next budget. @param rung  for the note
  /// @param has_checkpoint  it left one
  [[nodiscard]] proposal::Resume Resume(std::size_t level, TrialNumber trial,
                                        const Assignment& values, std::string rung,
                                        bool has_checkpoint) const;

 private:
  std::vector<double> budgets_;
  double eta_;
  bool from_checkpoint_;
  std::optional<std::size_t> parameter_;  // index of the one that carries the budget
};

}  // namespace hone
