// SPDX-License-Identifier: Apache-2.0
#include "algorithms/unit_space.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace hone {
namespace {

using Eigen::Index;
using gp::Dimension;
using gp::Dimensions;
using gp::VectorXd;

constexpr std::uint64_t kMostListed = 1024;

gp::Scale ScaleOf(const Domain& domain) {
  const auto is_log = [](Distribution distribution) {
    return distribution == Distribution::kLogUniform || distribution == Distribution::kLogNormal;
  };
  if (const auto* const real = std::get_if<RealDomain>(&domain)) {
    return is_log(real->distribution) ? gp::Scale::kLog : gp::Scale::kLinear;
  }
  if (const auto* const integer = std::get_if<IntegerDomain>(&domain)) {
    return is_log(integer->distribution) ? gp::Scale::kLog : gp::Scale::kInteger;
  }
  return gp::Scale::kLinear;
}

}  // namespace

UnitSpace::UnitSpace(const Space& space, SpaceEncoder encoder) : encoder_(std::move(encoder)) {
  for (std::size_t p = 0; p < space.parameters.size(); ++p) {
    const std::uint64_t cells = encoder_.Cells(p).value_or(0);
    if (cells == 1) {
      continue;
    }
    Dimension dimension;
    dimension.categorical = encoder_.IsCategorical(p);
    const std::uint64_t listed = dimension.categorical || cells <= kMostListed ? cells : 0;
    for (std::uint64_t cell = 0; cell < listed; ++cell) {
      dimension.values.push_back(encoder_.MiddleOf(p, cell));
    }
    dimension.scale = ScaleOf(space.parameters[p].domain);
    SetParent(space, p, dimension);
    parameters_.push_back(p);
    dimensions_.push_back(std::move(dimension));
  }
}

/// A condition on a parameter that is no dimension, or has no list, is left to the encoder: the
/// model takes the coordinate for one that always plays a role.
void UnitSpace::SetParent(const Space& space, std::size_t parameter, Dimension& dimension) const {
  const std::optional<Activation>& when = space.parameters[parameter].active_when;
  if (!when) {
    return;
  }
  const auto found =
      std::ranges::find(parameters_, space.Find(when->parameter).value_or(parameter));
  if (found == parameters_.end()) {
    return;
  }
  const auto parent = static_cast<std::size_t>(found - parameters_.begin());
  for (std::size_t cell = 0; cell < dimensions_[parent].values.size(); ++cell) {
    const std::string text = encoder_.ValueOfCell(*found, cell).text;
    dimension.active_values.push_back(std::ranges::find(when->in, text) != when->in.end());
  }
  if (!dimension.active_values.empty()) {
    dimension.parent = parent;
  }
}

VectorXd UnitSpace::Canonical(VectorXd point) const {
  for (std::size_t d = 0; d < parameters_.size(); ++d) {
    const std::size_t p = parameters_[d];
    double& u = point[static_cast<Index>(d)];
    if (encoder_.Cells(p)) {
      u = encoder_.MiddleOf(p, encoder_.CellOf(p, u));
    }
  }
  return gp::Snapped(dimensions_, std::move(point));
}

Assignment UnitSpace::Decode(const VectorXd& point) const {
  std::vector<double> u(encoder_.dimensions(), 0.5);
  for (std::size_t d = 0; d < parameters_.size(); ++d) {
    u[parameters_[d]] = point[static_cast<Index>(d)];
  }
  return encoder_.Decode(u);
}

Result<VectorXd> UnitSpace::Encode(const Assignment& values) const {
  HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder_.Encode(values));
  VectorXd point(size());
  for (std::size_t d = 0; d < parameters_.size(); ++d) {
    point[static_cast<Index>(d)] = u[parameters_[d]];
  }
  return Canonical(std::move(point));
}

VectorXd UnitSpace::FromUniform(VectorXd point) const {
  for (std::size_t d = 0; d < parameters_.size(); ++d) {
    double& u = point[static_cast<Index>(d)];
    u = encoder_.FromUniform(parameters_[d], u);
  }
  return point;
}

VectorXd UnitSpace::WithBranches(VectorXd point, std::size_t index) const {
  for (const Dimension& dimension : dimensions_) {
    if (dimension.parent) {
      const std::vector<double>& values = dimensions_[*dimension.parent].values;
      point[static_cast<Index>(*dimension.parent)] =
          values[(values.size() / 2 + index) % values.size()];
    }
  }
  return point;
}

}  // namespace hone
