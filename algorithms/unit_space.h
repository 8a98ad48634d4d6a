// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/gp/space.h"

namespace hone {

/// The Gaussian process engine's view of a search space: parameters of one value are left out,
/// those of up to 1,024 values have them listed.
/// @threads  immutable
class UnitSpace {
 public:
  UnitSpace(const Space& space, SpaceEncoder encoder);

  [[nodiscard]] const gp::Dimensions& dimensions() const { return dimensions_; }
  [[nodiscard]] Eigen::Index size() const { return static_cast<Eigen::Index>(dimensions_.size()); }

  /// The point that stands for all that decode to the same configuration.
  [[nodiscard]] gp::VectorXd Canonical(gp::VectorXd point) const;
  [[nodiscard]] Assignment Decode(const gp::VectorXd& point) const;
  /// A canonical point. @errors kInvalidArgument: as SpaceEncoder::Encode
  [[nodiscard]] Result<gp::VectorXd> Encode(const Assignment& values) const;
  [[nodiscard]] bool IsConstrained() const { return !encoder_.space().constraints.empty(); }
  /// Whether the configuration of a point keeps all constraints.
  [[nodiscard]] bool IsFeasible(const gp::VectorXd& point) const {
    return !IsConstrained() || encoder_.space().Feasible(Decode(point));
  }
  /// Independent uniforms to coordinates with the parameters' distributions. Not canonical.
  [[nodiscard]] gp::VectorXd FromUniform(gp::VectorXd point) const;
  /// The same with every parameter that others depend on at one of its values, in turn by index;
  /// the one in the middle at index 0.
  [[nodiscard]] gp::VectorXd WithBranches(gp::VectorXd point, std::size_t index) const;

 private:
  void SetParent(const Space& space, std::size_t parameter, gp::Dimension& dimension) const;

  SpaceEncoder encoder_;
  std::vector<std::size_t> parameters_;  // of each dimension
  gp::Dimensions dimensions_;
};

}  // namespace hone
