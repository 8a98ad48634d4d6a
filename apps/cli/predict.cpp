// SPDX-License-Identifier: Apache-2.0
// hone predict: what a model of the finished trials expects of other configurations.
#include "algorithms/predict.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/insight.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"
#include "base/text.h"

namespace hone::cli {
namespace {

struct PredictOptions {
  std::string name;
  std::vector<std::string> at;
  std::string sweep;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, PredictOptions& options) {
  args.Experiment(options.name);
  args.Add("--at", options.at,
           {.type = "NAME=VALUE,...",
            .help = "a configuration; what it does not name is as in the best trial. May be "
                    "repeated"});
  args.Add("--sweep", options.sweep,
           {.type = "PARAMETER",
            .help = "a row for each of up to 11 values of this parameter, the others as in --at"});
  args.Output(options.output);
}

std::string NumberText(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.5g", value);
  return text.data();
}

std::string TableText(const ExperimentState& state, const std::vector<Assignment>& points,
                      const std::vector<Prediction>& predictions, std::size_t trials) {
  Table table({"PREDICTED " + Printable(state.spec->objective.metric, 60), "+-", "9 IN 10 BETWEEN",
               "PARAMETERS"});
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Prediction& found = predictions[i];
    table.Add({NumberText(found.mean), NumberText(found.spread),
               NumberText(found.low) + " and " + NumberText(found.high),
               FormatParameters(state.spec->space, points[i])});
  }
  return table.Text() + "from " + Counted(trials, "trial") +
         ", without the noise of a single one\n";
}

nlohmann::json Assignments(const Space& space, const Assignment& values) {
  nlohmann::json assignments = nlohmann::json::array();
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (values[p].active) {
      assignments.push_back({{"name", space.parameters[p].name}, {"value", values[p].text}});
    }
  }
  return assignments;
}

nlohmann::json Document(const ExperimentState& state, const std::vector<Assignment>& points,
                        const std::vector<Prediction>& predictions, std::size_t trials) {
  nlohmann::json items = nlohmann::json::array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Prediction& found = predictions[i];
    items.push_back({{"parameterAssignments", Assignments(state.spec->space, points[i])},
                     {"mean", found.mean},
                     {"spread", found.spread},
                     {"low", found.low},
                     {"high", found.high}});
  }
  return {{"experiment", state.spec->name},
          {"metric", state.spec->objective.metric},
          {"trials", trials},
          {"items", std::move(items)}};
}

/// The configurations that were asked for.
Result<std::vector<Assignment>> PointsOf(const ExperimentState& state,
                                         const PredictOptions& options) {
  const Space& space = state.spec->space;
  std::optional<Assignment> best;
  if (state.best) {
    best = state.Find(*state.best)->values;
  }
  std::vector<Assignment> points;
  for (const std::string& text : options.at) {
    HONE_ASSIGN_OR_RETURN(Assignment point, PointAt(space, text, best));
    points.push_back(std::move(point));
  }
  if (points.empty()) {
    HONE_ASSIGN_OR_RETURN(Assignment point, PointAt(space, "", best));
    points.push_back(std::move(point));
  }
  if (options.sweep.empty()) {
    return points;
  }
  if (points.size() > 1) {
    return Fail(Code::kInvalidArgument, "--sweep goes with one --at only");
  }
  return SweepOf(space, options.sweep, points.front());
}

Result<int> Predict(const Config& config, const PredictOptions& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(options.name));
  HONE_ASSIGN_OR_RETURN(const std::vector<Assignment> points, PointsOf(state, options));
  HONE_ASSIGN_OR_RETURN(const std::vector<PastTrial> trials, ReadPastTrials(session, state));
  const auto predictor =
      Predictor::Create(state.spec->space, trials, state.spec->objective.direction);
  if (!predictor) {
    return Annotate(predictor.error(), "experiment '" + options.name + "'");
  }
  std::vector<Prediction> predictions;
  for (const Assignment& point : points) {
    HONE_ASSIGN_OR_RETURN(const Prediction prediction, predictor->At(point));
    predictions.push_back(prediction);
  }
  if (options.output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(state, points, predictions, predictor->trials())));
  } else {
    HONE_RETURN_IF_ERROR(
        PrintDocument(Document(state, points, predictions, predictor->trials()), options.output));
  }
  return kExitOk;
}

}  // namespace

Verb PredictVerb() {
  return MakeVerb<PredictOptions>(
      {.name = "predict",
       .group = kReadGroup,
       .summary = "what a model of the trials expects of other configurations",
       .example = "hone predict digits --at lr=0.01,width=64 --at lr=0.1\n"
                  "hone predict digits --sweep lr -o json"},
      &Declare, &Predict);
}

}  // namespace hone::cli
