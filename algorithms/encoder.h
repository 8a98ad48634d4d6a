// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/space.h"

namespace hone {

/// Maps assignments to points of the unit cube and back, one coordinate a parameter, so that
/// searchers never see bounds, scales or texts.
///
/// Coordinate u of a parameter:
///   real                linear in the value, or in its logarithm for logUniform and logNormal;
///   with a step the cube is
///                       cut into cells of equal width, one for each min + k * step <= max
///   integer, discrete   cells of equal width in ascending order (logarithmic cells for log
///   distributions) categorical         cells of equal width in the order of the list
/// Encode gives the middle of a cell; Decode takes any u of it, so Decode(Encode(v)) == v for every
/// value.
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

  /// @param u  shape (dimensions), each in [0, 1]; values outside are clamped
  [[nodiscard]] Assignment Decode(std::span<const double> u) const;
  /// @returns shape (dimensions), each in [0, 1]; inactive parameters at 0.5
  /// @errors  kInvalidArgument: a text that is no value of its domain
  [[nodiscard]] Result<std::vector<double>> Encode(const Assignment& values) const;

  /// Turns an independent uniform u in [0, 1) into a coordinate distributed as the parameter asks:
  /// itself for uniform and logUniform, a normal truncated to the range for normal and logNormal.
  [[nodiscard]] double FromUniform(std::size_t dimension, double u) const;
  /// The value of one cell. @param cell  < Cells(dimension)
  [[nodiscard]] Value ValueOfCell(std::size_t dimension, std::uint64_t cell) const;

 private:
  struct Axis;
  explicit SpaceEncoder(std::vector<std::shared_ptr<const Axis>> axes);
  std::vector<std::shared_ptr<const Axis>>
      axes_;  // immutable and shared between copies of the encoder
};

}  // namespace hone
