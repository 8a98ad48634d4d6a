// SPDX-License-Identifier: Apache-2.0
// Hyperparameters of Gaussian processes that fit given trials, for learn_priors.py.
//   hyper_draws < QUESTIONS
// Each line of standard input is a JSON object and is answered by one line:
//   {"experiment": EXPERIMENT, "trials": [{"values": {"lr": "0.01"}, "loss": 0.3}, ...],
//    "priors": {"length": [[MEAN, SD], ...], "noise": [MEAN, SD], "linear": [MEAN, SD],
//               "additive": B, "scale": SD, "warp": SD}}
//   -> [{"length": [[KIND, LOG], ...], "noise": LOG, "linear": LOG or null, "additive": SHARE,
//        "scale": LOG, "warp": [LOG, ...]}, ...]
// Kinds are those of gp::Priors, by number; lengthscales are over the root of the number of
// dimensions. What cannot be answered ends the program with a line on standard error and status 1.
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/gp/fit.h"
#include "algorithms/gp/outputs.h"
#include "algorithms/unit_space.h"
#include "api/wire/experiment_file.h"
#include "base/guard.h"
#include "base/json.h"

namespace hone {
namespace {

using nlohmann::json;

// The chain begins at the maximum, which is no draw.
constexpr int kDraws = 24;
constexpr std::size_t kForgotten = 8;

gp::Belief BeliefIn(const json& pair) {
  const auto sd = pair.at(1).get<double>();
  return {pair.at(0).get<double>(), sd * sd};
}

gp::Priors PriorsIn(const json& question) {
  gp::Priors priors;
  for (std::size_t kind = 0; kind < gp::Priors::kKinds; ++kind) {
    priors.log_length[kind] = BeliefIn(question.at("length").at(kind));
  }
  priors.log_noise = BeliefIn(question.at("noise"));
  priors.log_linear = BeliefIn(question.at("linear"));
  priors.additive = question.at("additive").get<double>();
  priors.log_scale_sd = question.at("scale").get<double>();
  priors.log_warp_sd = question.at("warp").get<double>();
  return priors;
}

Assignment AssignmentOf(const Space& space, const json& values) {
  Assignment assignment;
  for (const Parameter& parameter : space.parameters) {
    const bool active = values.contains(parameter.name);
    assignment.push_back({active ? values.at(parameter.name).get<std::string>()
                                 : parameter.inactive_value.value_or(""),
                          active});
  }
  return assignment;
}

json Described(const gp::Dimensions& dimensions, const gp::Hyper& hyper) {
  json found = {{"length", json::array()},
                {"noise", hyper.log_noise},
                {"linear", hyper.linear > 0 ? json(std::log(hyper.linear)) : json(nullptr)},
                {"additive", hyper.additive},
                {"scale", hyper.log_scale},
                {"warp", json::array()}};
  const double half = 0.5 * std::log(static_cast<double>(dimensions.size()));
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    const auto row = static_cast<Eigen::Index>(d);
    const auto kind = static_cast<int>(gp::Priors::KindOf(dimensions, d));
    found["length"].push_back({kind, hyper.log_length[row] - half});
    if (hyper.log_a[row] != 0 || hyper.log_b[row] != 0) {
      found["warp"].push_back(hyper.log_a[row]);
      found["warp"].push_back(hyper.log_b[row]);
    }
  }
  return found;
}

Result<json> Answer(const json& question) {
  const LoadedExperiment loaded = LoadExperiment(DumpJson(question.at("experiment")), "experiment");
  if (loaded.HasErrors()) {
    return Fail(Code::kInvalidArgument, FormatProblem(loaded.problems.front()));
  }
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(loaded.spec.space));
  const UnitSpace space(loaded.spec.space, std::move(encoder));
  const json& trials = question.at("trials");
  gp::MatrixXd points(space.size(), std::ssize(trials));
  gp::VectorXd losses(std::ssize(trials));
  for (std::size_t i = 0; i < trials.size(); ++i) {
    HONE_ASSIGN_OR_RETURN(points.col(static_cast<Eigen::Index>(i)),
                          space.Encode(AssignmentOf(loaded.spec.space, trials.at(i).at("values"))));
    losses[static_cast<Eigen::Index>(i)] = trials.at(i).at("loss").get<double>();
  }
  const gp::Embedding embedding(space.dimensions(), PriorsIn(question.at("priors")));
  const std::vector<gp::Hyper> draws =
      gp::FitDraws(embedding, points, gp::TransformedOutputs(losses), kDraws,
                   Rng(1, Scope::Experiment(), Purpose::kFit));
  json reply = json::array();
  for (std::size_t k = kForgotten; k < draws.size(); ++k) {
    reply.push_back(Described(space.dimensions(), draws[k]));
  }
  return reply;
}

int Run() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto answer =
        Guard(Code::kInvalidArgument, "question", [&] { return Answer(ParseJsonOrThrow(line)); });
    if (!answer) {
      std::cerr << "hyper_draws: " << answer.error().Text() << '\n';
      return 1;
    }
    std::cout << DumpJson(*answer) << '\n' << std::flush;
  }
  return 0;
}

}  // namespace
}  // namespace hone

int main() {
  return hone::Run();
}
