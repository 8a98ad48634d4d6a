// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "core/space.h"

namespace hone {

/// Maps assignments to points of the unit cube and back, one coordinate a parameter, so that
/// searchers never see bounds, scales or texts.
///
/// Coordinate u of a parameter:
///   continuous real      linear in the value, or in its logarithm for logUniform and logNormal
///   stepped real, integer  one cell for each min + k * step <= max, in ascending order. Cells of
///                        equal width; for the log distributions the cell of v covers
///                        [v - step/2, v + step/2] in log space, the lowest edge at least min/2
///   discrete             cells of equal width in ascending order of the numbers
///   categorical          cells of equal width in the order of the list
/// Encode gives the middle of a cell; Decode takes any u of it, so Decode(Encode(v)) == v for every
/// value that has a cell (up to 2^50 cells of equal width, 2^40 logarithmic ones). A continuous
/// value comes back to within 1e-12 of the range (of itself, on a log scale).
/// @threads  immutable after creation
class SpaceEncoder {
 public:
  /// @errors kInvalidArgument for a space that CheckSpace refuses
  static Result<SpaceEncoder> Create(const Space& space);

  /// Number of parameters.
  [[nodiscard]] std::size_t dimensions() const { return axes_.size(); }
  /// Number of cells of a coordinate; nothing: continuous.
  [[nodiscard]] std::optional<std::uint64_t> Cells(std::size_t dimension) const;
  [[nodiscard]] bool IsCategorical(std::size_t dimension) const;
  [[nodiscard]] const Space& space() const { return *space_; }

  /// A parameter whose activeWhen does not hold gets its inactiveValue and active == false.
  /// @param u  shape (dimensions), each in [0, 1]; values outside are clamped
  [[nodiscard]] Assignment Decode(std::span<const double> u) const;
  /// @returns shape (dimensions), each in [0, 1]; inactive parameters at 0.5
  /// @errors  kInvalidArgument: a text that is no value of its domain, or a wrong number of values
  [[nodiscard]] Result<std::vector<double>> Encode(const Assignment& values) const;

  /// Turns an independent uniform u in [0, 1) into a coordinate distributed as the parameter asks:
  /// itself for uniform and logUniform, a normal truncated to the range for normal and logNormal.
  [[nodiscard]] double FromUniform(std::size_t dimension, double u) const;
  /// One independent draw from every parameter's distribution, in their order.
  [[nodiscard]] Assignment Draw(Rng& rng) const;
  /// The value of one cell. @param cell  < Cells(dimension)
  [[nodiscard]] Value ValueOfCell(std::size_t dimension, std::uint64_t cell) const;
  /// The cell of a coordinate. @param dimension  one that has cells
  [[nodiscard]] std::uint64_t CellOf(std::size_t dimension, double u) const;
  /// The parameter that decides whether this one is active, or nothing. It comes earlier.
  [[nodiscard]] std::optional<std::size_t> ParentOf(std::size_t dimension) const;
  /// The cells of the parent with which this parameter is active; a cell may be there twice.
  [[nodiscard]] std::span<const std::uint64_t> ActiveCells(std::size_t dimension) const;
  /// What an inactive parameter has.
  [[nodiscard]] Value InactiveValue(std::size_t dimension) const;
  /// The middle of a cell.
  [[nodiscard]] double MiddleOf(std::size_t dimension, std::uint64_t cell) const;
  /// The lower edge of a cell, which is the upper one of the cell before it. @param cell  > 0
  [[nodiscard]] double EdgeOf(std::size_t dimension, std::uint64_t cell) const;

 private:
  struct Axis;
  SpaceEncoder(std::vector<std::shared_ptr<const Axis>> axes, std::shared_ptr<const Space> space);
  std::vector<std::shared_ptr<const Axis>>
      axes_;  // immutable and shared between copies of the encoder
  std::shared_ptr<const Space> space_;
};

/// An assignment as one text, to find it again.
std::string KeyOf(const Assignment& values);

}  // namespace hone
