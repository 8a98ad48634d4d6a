// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/cma/margin.h"
#include "algorithms/encoder.h"

namespace hone {

/// A point as the evolution strategy draws it: real coordinates may lie outside the unit cube.
struct CmaPoint {
  Eigen::VectorXd x;
  std::vector<Eigen::Index> choices;
};

/// The evolution strategy's view of a search space: a number for each parameter but the categorical
/// ones of three or more choices (numbers, steps and integers, two choices), which are apart;
/// parameters of one value are left out. Real coordinates are folded into their range, stepped ones
/// end in their outermost cells. A space without numbers has one coordinate that plays no role.
/// @threads  immutable
class CmaSpace {
 public:
  explicit CmaSpace(SpaceEncoder encoder);

  [[nodiscard]] Eigen::Index numbers() const;
  /// Number of choices of each categorical variable.
  [[nodiscard]] const std::vector<Eigen::Index>& choices() const { return choices_; }
  [[nodiscard]] Eigen::Index stepped() const;

  [[nodiscard]] const Space& space() const { return encoder_.space(); }
  /// The point of equally probable coordinates u. @param u  shape (numbers)
  [[nodiscard]] Eigen::VectorXd FromUniform(const Eigen::VectorXd& u) const;
  [[nodiscard]] Assignment Decode(const CmaPoint& point) const;
  /// The cell of a stepped coordinate that holds x; nothing for a real one.
  [[nodiscard]] std::optional<cma::Cell> CellOf(Eigen::Index coordinate, double x) const;

  /// What the values alone do not say about the point they were decoded from, as text: four
  /// characters a parameter.
  [[nodiscard]] std::string Memo(const CmaPoint& point, const Assignment& values) const;
  /// The point of these values, to within 2^-16 of its distance from the middle of a cell.
  /// @param memo    of any origin; one that does not fit is left out of account, and the point is
  ///                inside the cube and in the middle of its cells then
  /// @errors kInvalidArgument: as SpaceEncoder::Encode
  [[nodiscard]] Result<CmaPoint> Encode(const Assignment& values, std::string_view memo) const;

 private:
  struct Coordinate {
    std::size_t parameter = 0;
    bool stepped = false;
    double width = 1;  // of the parameter's distribution; uniform: 1
  };

  SpaceEncoder encoder_;
  std::vector<Coordinate> coordinates_;
  std::vector<std::size_t> categorical_;  // parameter of each categorical variable
  std::vector<Eigen::Index> choices_;
};

}  // namespace hone
