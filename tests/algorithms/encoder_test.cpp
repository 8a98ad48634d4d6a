// SPDX-License-Identifier: Apache-2.0
#include "algorithms/encoder.h"

#include <cmath>
#include <map>

#include "base/rng.h"
#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {
namespace {

constexpr auto kLog = Distribution::kLogUniform;

SpaceEncoder Encoder(std::vector<Parameter> parameters) {
  auto encoder = SpaceEncoder::Create(Space{std::move(parameters)});
  REQUIRE(encoder.has_value());
  return *encoder;
}

std::string TextAt(const SpaceEncoder& encoder, double u) {
  return encoder.Decode(std::vector<double>{u})[0].text;
}

TEST_CASE("encoder: a space that is refused has no encoder", "[algorithms]") {
  const auto encoder = SpaceEncoder::Create(Space{{spaces::Real("lr", 1, 0)}});
  REQUIRE_FALSE(encoder.has_value());
  CHECK(encoder.error().code == Code::kInvalidArgument);
  CHECK(encoder.error().field == "spec.parameters[0].feasibleSpace.max");
}

TEST_CASE("encoder: coordinates become values", "[algorithms]") {
  struct Case {
    const char* name;
    Parameter parameter;
    double u;
    const char* text;
  };
  const auto discrete = spaces::Discrete("p", {"10", "1e-1", "2"});
  const Case cases[] = {
      {"real low", spaces::Real("p", -1, 3), 0, "-1"},
      {"real middle", spaces::Real("p", -1, 3), 0.5, "1"},
      {"real high", spaces::Real("p", -1, 3), 1, "3"},
      {"real above", spaces::Real("p", -1, 3), 1.5, "3"},
      {"real below", spaces::Real("p", -1, 3), -0.5, "-1"},
      {"real NaN", spaces::Real("p", -1, 3), std::nan(""), "-1"},
      {"real zero has no sign", spaces::Real("p", -0.0, 1), 0, "0"},
      {"real with one value", spaces::Real("p", 2.5, 2.5), 0.7, "2.5"},
      {"log low", spaces::Real("p", 1e-4, 1, kLog), 0, "1e-04"},
      {"log high", spaces::Real("p", 1e-4, 1, kLog), 1, "1"},
      {"stepped first cell", spaces::Stepped("p", 0.1, 0.4, 0.1), 0.2499, "0.1"},
      {"stepped second cell", spaces::Stepped("p", 0.1, 0.4, 0.1), 0.25, "0.2"},
      {"stepped last cell", spaces::Stepped("p", 0.1, 0.4, 0.1), 1, "0.4"},
      {"whole first", spaces::Whole("p", 1, 4), 0.2499, "1"},
      {"whole last", spaces::Whole("p", 1, 4), 0.75, "4"},
      {"whole with step", spaces::Whole("p", 1, 6, 2), 1, "5"},
      {"whole negative", spaces::Whole("p", -3, 3), 0.5, "0"},
      {"discrete ascending, verbatim", discrete, 0.1, "1e-1"},
      {"discrete highest", discrete, 0.9, "10"},
      {"categorical in order of the list", spaces::Words("p", {"b", "a"}), 0.4, "b"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(TextAt(Encoder({c.parameter}), c.u) == c.text);
    }
  }
}

TEST_CASE("encoder: each value comes back from the middle of its cell", "[algorithms]") {
  const Parameter parameters[] = {
      spaces::Whole("all", -5, 20),
      spaces::Whole("step", 3, 100, 7),
      spaces::Whole("one", 4, 4),
      spaces::Whole("log", 1, 300, 1, kLog),
      spaces::Whole("log and step", 1, 1000, 13, kLog),
      spaces::Whole("log normal", 2, 200, 3, Distribution::kLogNormal),
      spaces::Whole("normal", 2, 200, 3, Distribution::kNormal),
      spaces::Stepped("stepped", -0.7, 0.9, 0.05),
      spaces::Real("stepped log", 0.01, 3, kLog, 0.01),
      spaces::Discrete("discrete", {"5", "-1", "2.50", "1e3"}),
      spaces::Words("words", {"x", "y", "z"}),
  };
  for (const Parameter& parameter : parameters) {
    DYNAMIC_SECTION(parameter.name) {
      const SpaceEncoder encoder = Encoder({parameter});
      const std::uint64_t cells = encoder.Cells(0).value_or(0);
      REQUIRE(cells == Cardinality(parameter.domain));
      double previous = -1;
      for (std::uint64_t cell = 0; cell < cells; ++cell) {
        const Assignment values = {encoder.ValueOfCell(0, cell)};
        REQUIRE(CheckValue(parameter.domain, values[0].text).has_value());
        const auto u = encoder.Encode(values);
        REQUIRE(u.has_value());
        CHECK((*u)[0] > previous);
        CHECK((*u)[0] == Approx(encoder.MiddleOf(0, cell)));
        REQUIRE(encoder.CellOf(0, (*u)[0]) == cell);
        REQUIRE(encoder.Decode(*u) == values);
        if (cell > 0) {
          const double edge = encoder.EdgeOf(0, cell);
          CHECK(encoder.CellOf(0, edge - 1e-9) == cell - 1);
          CHECK(encoder.CellOf(0, edge + 1e-9) == cell);
        }
        previous = (*u)[0];
      }
    }
  }
}

TEST_CASE("encoder: very many cells still come back", "[algorithms]") {
  const std::int64_t n = std::int64_t{1} << 50;
  const SpaceEncoder equal = Encoder({spaces::Whole("p", 1, n)});
  const SpaceEncoder log = Encoder({spaces::Whole("p", 1, std::int64_t{1} << 40, 1, kLog)});
  for (const SpaceEncoder& encoder : {equal, log}) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Rng rng(seed, Scope::Experiment(), Purpose::kSimulation);
      const Assignment values = encoder.Decode(std::vector<double>{rng.Uniform()});
      INFO("seed " << seed << " value " << values[0].text);
      CHECK(encoder.Decode(*encoder.Encode(values)) == values);
    }
  }
}

TEST_CASE("encoder: random points of a mixed space are values, and come back", "[algorithms]") {
  const Space space = spaces::Mixed();
  const SpaceEncoder encoder = Encoder(space.parameters);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed, Scope::Experiment(), Purpose::kSimulation);
    std::vector<double> u(encoder.dimensions());
    for (double& coordinate : u) {
      coordinate = rng.Uniform();
    }
    const Assignment values = encoder.Decode(u);
    const auto back = encoder.Encode(values);
    REQUIRE(back.has_value());
    const Assignment again = encoder.Decode(*back);
    for (std::size_t i = 0; i < values.size(); ++i) {
      INFO(space.parameters[i].name << " " << values[i].text);
      REQUIRE(CheckValue(space.parameters[i].domain, values[i].text).has_value());
      if (encoder.Cells(i)) {
        CHECK(again[i] == values[i]);
      } else {
        // 1e-12: a few hundred units in the last place of 1, for log and exp and two divisions.
        CHECK(std::abs((*back)[i] - u[i]) < 1e-12);
      }
    }
  }
}

TEST_CASE("encoder: logarithmic cells reach half a step around each value", "[algorithms]") {
  const SpaceEncoder encoder = Encoder({spaces::Whole("p", 1, 100, 1, kLog)});
  // Weight of k is ln((k + 1/2) / (k - 1/2)) / ln(100.5 / 0.5).
  const double whole = std::log(201.0);
  std::map<std::string, double> weight;
  constexpr int kPoints = 200000;
  for (int i = 0; i < kPoints; ++i) {
    weight[TextAt(encoder, (i + 0.5) / kPoints)] += 1.0 / kPoints;
  }
  CHECK(weight["1"] == Approx(std::log(3.0) / whole).margin(2.0 / kPoints));
  CHECK(weight["2"] == Approx(std::log(2.5 / 1.5) / whole).margin(2.0 / kPoints));
  CHECK(weight["100"] == Approx(std::log(100.5 / 99.5) / whole).margin(2.0 / kPoints));
}

TEST_CASE("encoder: a normal keeps to the middle and inside the bounds", "[algorithms]") {
  const SpaceEncoder encoder =
      Encoder({spaces::Real("uniform", 0, 1), spaces::Real("normal", 10, 16, Distribution::kNormal),
               spaces::Real("log", 1, 1e6, Distribution::kLogNormal)});
  CHECK(encoder.FromUniform(0, 0.3) == 0.3);
  CHECK(encoder.FromUniform(1, 0.5) == Approx(0.5));
  CHECK(encoder.FromUniform(1, 0.0) >= 0);
  CHECK(encoder.FromUniform(1, 0.0) < 1e-9);
  CHECK(encoder.FromUniform(1, 1.0) <= 1);
  // One standard deviation is a sixth of the range. The normal's own 84.134 % quantile, corrected
  // for the 0.27 % that truncation at three deviations removes.
  const double below = 0.5 * std::erfc(3 / std::sqrt(2.0));
  const double at_one_sd = 0.5 * std::erfc(-1 / std::sqrt(2.0));
  const double u = (at_one_sd - below) / (1 - 2 * below);
  CHECK(encoder.FromUniform(1, u) == Approx(0.5 + 1.0 / 6));
  CHECK(encoder.FromUniform(2, u) == Approx(0.5 + 1.0 / 6));
  const Assignment middle = encoder.Decode(std::vector<double>{0.5, 0.5, 0.5});
  CHECK(ParseDouble(middle[1].text) == 13);
  CHECK(*ParseDouble(middle[2].text) == Approx(1000));
}

TEST_CASE("encoder: a normal over whole numbers is symmetric", "[algorithms]") {
  const SpaceEncoder encoder = Encoder({spaces::Whole("p", 1, 9, 1, Distribution::kNormal)});
  std::map<std::string, int> count;
  constexpr int kPoints = 9000;
  for (int i = 0; i < kPoints; ++i) {
    ++count[TextAt(encoder, encoder.FromUniform(0, (i + 0.5) / kPoints))];
  }
  CHECK(count.size() == 9);
  CHECK(std::abs(count["1"] - count["9"]) <= 1);
  CHECK(std::abs(count["4"] - count["6"]) <= 1);
  CHECK(count["5"] > count["6"]);
  CHECK(count["8"] > count["9"]);
}

TEST_CASE("encoder: inactive parameters have their value and play no role", "[algorithms]") {
  const SpaceEncoder encoder =
      Encoder({spaces::Words("optimizer", {"adam", "sgd"}),
               spaces::When(spaces::Stepped("momentum", 0, 0.9, 0.3), "optimizer", {"sgd"}, "none"),
               spaces::When(spaces::Whole("warmup", 1, 5), "momentum", {"0.3", "0.60"}, "0")});
  const auto decode = [&](double a, double b, double c) {
    return encoder.Decode(std::vector<double>{a, b, c});
  };
  CHECK(decode(0.9, 0.3, 0.1) == Assignment{{"sgd"}, {"0.3"}, {"1"}});
  CHECK(decode(0.9, 0.6, 0.1) == Assignment{{"sgd"}, {"0.6"}, {"1"}});
  CHECK(decode(0.9, 0.1, 0.1) == Assignment{{"sgd"}, {"0"}, {"0", false}});
  // The parent of `warmup` is inactive itself.
  CHECK(decode(0.1, 0.3, 0.1) == Assignment{{"adam"}, {"none", false}, {"0", false}});
  CHECK((*encoder.Encode(decode(0.1, 0.3, 0.1)))[1] == 0.5);
}

TEST_CASE("encoder: a text that is no value is an error", "[algorithms]") {
  const SpaceEncoder encoder = Encoder({spaces::Whole("p", 1, 5)});
  CHECK_FALSE(encoder.Encode({{"6"}}).has_value());
  CHECK_FALSE(encoder.Encode({{"1"}, {"2"}}).has_value());
  CHECK(encoder.Encode({{"5"}}).has_value());
}

TEST_CASE("encoder: kinds of axis", "[algorithms]") {
  const SpaceEncoder encoder = Encoder({spaces::Real("r", 0, 1), spaces::Words("w", {"a", "b"}),
                                        spaces::Discrete("d", {"1", "2", "3"})});
  CHECK(encoder.dimensions() == 3);
  CHECK_FALSE(encoder.Cells(0));
  CHECK(encoder.Cells(1) == 2);
  CHECK(encoder.Cells(2) == 3);
  CHECK(encoder.IsCategorical(1));
  CHECK_FALSE(encoder.IsCategorical(2));
}

}  // namespace
}  // namespace hone
