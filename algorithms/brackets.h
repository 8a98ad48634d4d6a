// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"

namespace hone {

/// Where a trial stands in successive halving.
struct Place {
  std::uint32_t bracket = 0;  ///< from 1
  std::size_t start = 0;      ///< level of the bracket's first rung
  std::size_t rung = 0;
  std::optional<TrialNumber> parent;  ///< whose configuration it goes on with
  [[nodiscard]] std::size_t Level() const { return start + rung; }
  bool operator==(const Place&) const = default;
};

/// "b2 l1 r3 p17": what a proposal's tag says of its place.
std::string TagOf(const Place& place);
/// @returns nothing: it is no such tag
std::optional<Place> ParseTag(std::string_view tag);

/// One bracket of Hyperband: a first rung of new trials, and at each further one the best of the
/// rung before it with the next budget. A rung begins when the one before it is over. What failed,
/// or was lost, is over without a result and goes no further.
class Bracket {
 public:
  /// @param sizes  planned trials of each rung, descending
  Bracket(std::uint32_t id, std::size_t start, const std::vector<std::size_t>& sizes);

  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] std::size_t start() const { return start_; }
  /// What can start now; nothing: the rung is under way.
  [[nodiscard]] std::optional<Place> Offer() const;
  /// Trials that it may still start, if none fails. @param resumes  promotions are none
  [[nodiscard]] std::size_t Owed(bool resumes) const;
  [[nodiscard]] bool IsOver() const;
  /// Trials that its current rung will have, or has.
  [[nodiscard]] std::size_t Evaluating(std::size_t rung) const;

  void Take(const Place& place);
  /// A trial is over. @param loss  nothing: without a result
  void End(std::size_t rung, TrialNumber trial, std::optional<double> loss);
  /// A trial that had a result at this rung goes no further.
  void Drop(std::size_t rung, TrialNumber trial);

 private:
  struct Result {
    double loss = 0;
    TrialNumber trial = 0;
    bool promoted = false;
  };
  struct Rung {
    std::size_t planned = 0;
    std::size_t taken = 0;
    std::size_t over = 0;
    std::vector<Result> results;     // the best first
    std::vector<TrialNumber> early;  // promoted before their result was told
  };

  [[nodiscard]] std::size_t Target(std::size_t rung) const;
  [[nodiscard]] bool IsComplete(std::size_t rung) const;

  std::uint32_t id_;
  std::size_t start_;
  std::vector<Rung> rungs_;
};

/// The brackets of Hyperband: one after the other from the smallest first budget to the full one,
/// again and again. The next one begins when those before it have nothing to start.
///
/// Source: Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar 2018, JMLR 18(185), algorithm 1; a
/// bracket that begins while others run: HpBandSter (Falkner et al. 2018).
class Brackets {
 public:
  /// @param levels  number of budgets, s_max + 1
  /// @param resumes  promotions are no trials of their own, and need no room
  Brackets(std::size_t levels, double eta, bool resumes);

  /// Planned trials of each rung of the bracket whose first rung has this level's budget.
  [[nodiscard]] const std::vector<std::size_t>& SizesAt(std::size_t start) const {
    return sizes_[start];
  }
  /// All trials of such a bracket.
  [[nodiscard]] std::size_t TrialsOf(std::size_t start) const;

  /// The next trial's place. @param room  trials that may still start, this one included; nothing:
  /// unbounded. @returns nothing: what room there is belongs to open brackets, which wait for
  /// results (only if `may_wait`)
  [[nodiscard]] std::optional<Place> Next(std::optional<std::size_t> room, bool may_wait) const;
  /// A new configuration that came without a tag. @returns a place in an open bracket, else in a
  /// new one that begins with this level
  [[nodiscard]] Place Stranger(std::size_t level) const;

  void Take(const Place& place);
  void End(const Place& place, TrialNumber trial, std::optional<double> loss);
  void Drop(const Place& place, TrialNumber trial);
  [[nodiscard]] const Bracket* Find(std::uint32_t id) const;

 private:
  [[nodiscard]] std::size_t Owed() const;
  [[nodiscard]] std::size_t Fitting(std::optional<std::size_t> room) const;

  std::vector<std::vector<std::size_t>> sizes_;  // by level of the first rung
  bool resumes_;
  std::vector<Bracket> open_;
  std::uint32_t next_id_ = 1;
  std::size_t next_start_ = 0;
};

}  // namespace hone
