// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/priors.h"

#include <cmath>
#include <vector>

#include "algorithms/unit_space.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone::gp {
namespace {

Dimensions DimensionsOf(const Space& space) {
  return UnitSpace(space, SpaceEncoder::Create(space).value()).dimensions();
}

TEST_CASE("priors: a dimension's is that of its scale, or of a category", "[algorithms]") {
  using enum Distribution;
  struct Row {
    const char* name;
    Parameter parameter;
    Priors::Kind kind;
  };
  const Row rows[] = {
      {"real", spaces::Real("x", 0, 1), Priors::kLinear},
      {"normal", spaces::Real("x", 0, 1, kNormal), Priors::kLinear},
      {"steps", spaces::Stepped("x", 0, 1, 0.1), Priors::kLinear},
      {"discrete", spaces::Discrete("x", {"1", "2"}), Priors::kLinear},
      {"logarithm", spaces::Real("x", 1, 10, kLogUniform), Priors::kLog},
      {"normal logarithm", spaces::Real("x", 1, 10, kLogNormal), Priors::kLog},
      {"integer", spaces::Whole("x", 1, 9), Priors::kInteger},
      {"logarithm of an integer", spaces::Whole("x", 1, 99, 1, kLogUniform), Priors::kLog},
      {"category", spaces::Words("x", {"a", "b"}), Priors::kCategory},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(Priors::KindOf(DimensionsOf({{row.parameter}}), 0) == row.kind);
  }
}

TEST_CASE("priors: a parameter that others depend on is a branch", "[algorithms]") {
  const Dimensions dimensions =
      DimensionsOf({{spaces::Words("a", {"x", "y"}), spaces::Whole("b", 1, 3),
                     spaces::When(spaces::Real("c", 0, 1), "a", {"x"}, "0"),
                     spaces::When(spaces::Words("d", {"v", "w"}), "b", {"2"}, "v")}});
  REQUIRE(dimensions.size() == 4);
  CHECK(Priors::KindOf(dimensions, 0) == Priors::kBranch);
  CHECK(Priors::KindOf(dimensions, 1) == Priors::kBranch);
  CHECK(Priors::KindOf(dimensions, 2) == Priors::kLinear);
  CHECK(Priors::KindOf(dimensions, 3) == Priors::kCategory);
}

TEST_CASE("priors: lengthscales grow with the root of the number of dimensions", "[algorithms]") {
  Priors priors;
  priors.log_length[Priors::kLog] = {-1, 0.5};
  Dimensions dimensions(4);
  dimensions[2].scale = Scale::kLog;
  CHECK(priors.LengthOf(dimensions, 2).mean == Approx(-1 + std::log(2)).epsilon(1e-15));
  CHECK(priors.LengthOf(dimensions, 2).variance == 0.5);
  CHECK(priors.LengthOf(dimensions, 0).mean == Approx(std::sqrt(2) + std::log(2)).epsilon(1e-15));
}

}  // namespace
}  // namespace hone::gp
