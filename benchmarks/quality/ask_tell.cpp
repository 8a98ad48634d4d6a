// SPDX-License-Identifier: Apache-2.0
// Search algorithms behind two pipes, for benchmarks that compute the objective themselves: no
// engine, no store, no processes.
//   ask_tell < QUESTIONS        ask_tell --version
// Each line of standard input is a JSON object and is answered by one line:
//   {"start": EXPERIMENT, "seed": N}  -> {} or {"refused": ["field: why", ...]}
//   {"ask": K}                        -> {"trials": [{"trial": 1, "values": {"lr": "0.01"}}, ...]}
//                                        with "exhausted": "why" or "wait": true if fewer than K
//   {"tell": TRIAL, "value": V}       -> {}    an objective value, to be minimised
//   {"tell": TRIAL, "value": [V, W]}  -> {}    the values of several objectives
//   {"tell": TRIAL, "value": null}    -> {}    the configuration is infeasible
//   {"tell": TRIAL, "value": V, "excess": [E, F]} -> {}    beyond the bounds of outcomeConstraints;
//                                        what is not positive is kept
//   {"report": TRIAL, "value": V}     -> {"stop": true or false}    what spec.earlyStopping says of
//                                        the trial's next report
//   {"stopped": TRIAL, "value": V}    -> {}    it was stopped early, V is its best
// Inactive parameters are left out of "values". A trial with a budget of its own has it as
// "budget", one that goes on with another has that one as "parent". Another "start" forgets the
// experiment before it. What cannot be answered ends the program with a line on standard error and
// status 1.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/wire/experiment_file.h"
#include "base/guard.h"
#include "base/json.h"
#include "earlystop/registry.h"
#include "suggestion/pupil.h"

namespace hone {
namespace {

using nlohmann::json;

std::vector<double> LossesIn(const json& value) {
  return value.is_array() ? value.get<std::vector<double>>() : std::vector{value.get<double>()};
}

/// The rule of early stopping of an experiment that was checked; null: it has none.
Result<std::unique_ptr<Stopper>> MakeStopper(const ExperimentSpec& spec) {
  if (!spec.early_stopping) {
    return nullptr;
  }
  const StopperInfo* const info = StopperRegistry::Instance().Find(spec.early_stopping->name);
  if (info == nullptr) {
    return Fail(Code::kInvalidArgument, "there is no such rule",
                "spec.earlyStopping.algorithmName");
  }
  Problems problems;
  const Settings settings =
      CheckSettings(info->settings, spec.early_stopping->settings, "settings", problems);
  if (problems.HasErrors()) {
    const Problem& first = problems.list().front();
    return Fail(Code::kInvalidArgument, first.message, first.field);
  }
  return info->create({settings, spec.objective});
}

/// An experiment whose history is in memory.
class Session {
 public:
  Session(ExperimentSpec spec, std::unique_ptr<Pupil> pupil, std::unique_ptr<Stopper> stopper)
      : spec_(std::move(spec)), pupil_(std::move(pupil)), stopper_(std::move(stopper)) {}

  /// Numbers whose answer is not a start are withdrawn, as the engine does.
  Result<json> Ask(std::uint32_t count) {
    ProposeRequest request;
    for (std::uint32_t i = 0; i < count; ++i) {
      request.numbers.push_back(next_ + i);
    }
    if (spec_.max_trial_count) {
      const auto budget = static_cast<std::uint32_t>(*spec_.max_trial_count);
      request.trials_left = budget >= next_ ? budget - next_ + 1 : 0;
    }
    HONE_ASSIGN_OR_RETURN(const auto answers, pupil_->Ask(request));
    json reply = {{"trials", json::array()}};
    for (std::size_t i = 0; i < answers.size(); ++i) {
      HONE_RETURN_IF_ERROR(Take(request.numbers[i], answers[i], reply));
    }
    return reply;
  }

  Result<json> Tell(TrialNumber trial, const json& value, std::vector<double> excess) {
    if (const auto ran = curves_.extract(trial); ran && stopper_ != nullptr && !value.is_null()) {
      stopper_->Finished(trial, ran.mapped());
    }
    const bool keeps = std::ranges::all_of(excess, [](double beyond) { return beyond <= 0; });
    if (value.is_null()) {
      HONE_RETURN_IF_ERROR(Record(history::Infeasible{trial, EndingKind::kExitCode}));
    } else if (!keeps) {
      HONE_RETURN_IF_ERROR(Record(
          history::Infeasible{trial, EndingKind::kSucceeded, LossesIn(value), std::move(excess)}));
    } else {
      HONE_RETURN_IF_ERROR(Record(history::Completed{
          trial, LossesIn(value), std::chrono::seconds(1), std::nullopt, std::move(excess)}));
    }
    return json::object();
  }

  Result<json> Report(TrialNumber trial, double value) {
    if (stopper_ == nullptr) {
      return Fail(Code::kFailedPrecondition, "the experiment has no earlyStopping");
    }
    Curve& curve = curves_[trial];
    curve.Add(value);
    const Judgement judgement = stopper_->Judge(trial, curve);
    for (const Rung& rung : judgement.rungs) {
      stopper_->Reached(trial, rung);
    }
    return json{{"stop", judgement.stop.has_value()}};
  }

  Result<json> Stopped(TrialNumber trial, double best) {
    curves_.erase(trial);
    HONE_RETURN_IF_ERROR(Record(history::StoppedEarly{trial, {best}}));
    return json::object();
  }

 private:
  Status Take(TrialNumber number, const Proposal& answer, json& reply) {
    if (const auto* exhausted = std::get_if<proposal::Exhausted>(&answer)) {
      reply["exhausted"] = exhausted->reason;
    } else if (std::holds_alternative<proposal::Wait>(answer)) {
      reply["wait"] = true;
    } else if (const auto* start = std::get_if<proposal::Start>(&answer)) {
      HONE_RETURN_IF_ERROR(Record(history::Proposed{
          number, start->values, start->tag, start->budget, start->parent, start->start_from}));
      reply["trials"].push_back(Described(number, *start));
      next_ = number + 1;
    } else {
      return Fail(Code::kUnimplemented, "the algorithm resumes paused trials; there are none here");
    }
    return {};
  }

  [[nodiscard]] json Described(TrialNumber number, const proposal::Start& start) const {
    json trial = {{"trial", number}, {"values", ActiveValues(start.values)}};
    if (start.budget) {
      trial["budget"] = *start.budget;
    }
    if (start.parent != 0) {
      trial["parent"] = start.parent;
    }
    return trial;
  }

  [[nodiscard]] json ActiveValues(const Assignment& values) const {
    json active = json::object();
    for (std::size_t p = 0; p < values.size(); ++p) {
      if (values[p].active) {
        active[spec_.space.parameters[p].name] = values[p].text;
      }
    }
    return active;
  }

  Status Record(decltype(HistoryItem::what) what) {
    const HistoryItem item{++seq_, std::move(what)};
    return pupil_->Tell(History(&item, 1));
  }

  ExperimentSpec spec_;
  std::unique_ptr<Pupil> pupil_;
  std::unique_ptr<Stopper> stopper_;     // may be null
  std::map<TrialNumber, Curve> curves_;  // of trials that run and report
  TrialNumber next_ = 1;
  Version seq_ = 0;
};

/// The session, or nothing and the reply with the reasons.
std::optional<Session> Start(const json& question, json& reply) {
  LoadedExperiment loaded = LoadExperiment(DumpJson(question.at("start")), "experiment");
  if (loaded.HasErrors()) {
    for (const LocatedProblem& problem : loaded.problems) {
      reply["refused"].push_back(FormatProblem(problem));
    }
    return std::nullopt;
  }
  auto pupil = Pupil::Create(loaded.spec, question.at("seed").get<std::uint64_t>());
  if (!pupil) {
    reply["refused"].push_back(pupil.error().Text());
    return std::nullopt;
  }
  auto stopper = MakeStopper(loaded.spec);
  if (!stopper) {
    reply["refused"].push_back(stopper.error().Text());
    return std::nullopt;
  }
  return Session(std::move(loaded.spec), std::move(*pupil), std::move(*stopper));
}

Result<json> Answer(const json& question, std::optional<Session>& session) {
  json reply = json::object();
  if (question.contains("start")) {
    session = Start(question, reply);
    return reply;
  }
  if (!session) {
    return Fail(Code::kFailedPrecondition, "no experiment was started");
  }
  if (question.contains("ask")) {
    return session->Ask(question.at("ask").get<std::uint32_t>());
  }
  const json& value = question.at("value");
  if (question.contains("report")) {
    return session->Report(question.at("report").get<TrialNumber>(), value.get<double>());
  }
  if (question.contains("stopped")) {
    return session->Stopped(question.at("stopped").get<TrialNumber>(), value.get<double>());
  }
  return session->Tell(question.at("tell").get<TrialNumber>(), value,
                       question.value("excess", std::vector<double>()));
}

int Run() {
  std::optional<Session> session;
  for (std::string line; std::getline(std::cin, line);) {
    const auto answer = Guard(Code::kInvalidArgument, "question " + line,
                              [&] { return Answer(ParseJsonOrThrow(line), session); });
    if (!answer) {
      std::cerr << "ask_tell: " << answer.error().Text() << '\n';
      return 1;
    }
    std::cout << answer->dump() << '\n' << std::flush;
  }
  return 0;
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  if (argc == 1) {
    return hone::Run();
  }
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::cout << HONE_VERSION << '\n';
    return 0;
  }
  std::cerr << "usage: ask_tell [--version] < QUESTIONS\n";
  return 2;
}
