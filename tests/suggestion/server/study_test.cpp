// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/study.h"

#include <algorithm>
#include <functional>
#include <set>

#include "algorithms/registry.h"
#include "tests/catch.h"
#include "tests/suggestion/server/requests.h"

namespace hone {
namespace {

using namespace test;

std::unique_ptr<Study> StudyOf(const pb::Experiment& experiment) {
  auto study = Study::Create(experiment);
  INFO((study ? "" : study.error().Text()));
  REQUIRE(study.has_value());
  return *std::move(study);
}

pb::GetSuggestionsReply AnswerOf(Study& study, const pb::GetSuggestionsRequest& request) {
  pb::GetSuggestionsReply reply;
  const Status status = Ask(study, request, reply);
  INFO((status ? "" : status.error().Text()));
  REQUIRE(status.has_value());
  CHECK(reply.parameter_assignments_size() == request.current_request_number());
  return reply;
}

/// What a study made for this request alone says.
std::vector<std::string> AfterRestart(const pb::GetSuggestionsRequest& request) {
  return Texts(AnswerOf(*StudyOf(request.experiment()), request));
}

TEST_CASE("study: an algorithm that needs checkpoints is refused with the reason", "[suggestion]") {
  const auto study = Study::Create(SmallExperiment("pbt", {{"n_population", "5"}}));
  REQUIRE_FALSE(study.has_value());
  CHECK(study.error().code == Code::kInvalidArgument);
  CHECK(study.error().message.find("checkpoints") != std::string::npos);
}

TEST_CASE(
    "study: every algorithm answers as many as asked, in bounds, and the same after a restart",
    "[suggestion]") {
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    if ((info->supports & kCheckpoints) != 0) {
      continue;  // refused, see below
    }
    DYNAMIC_SECTION(info->name) {
      const pb::Experiment experiment = SmallExperiment(info->name);
      const auto study = StudyOf(experiment);
      FakeController controller(experiment);
      for (const int count : {3, 1, 2, 5, 1, 3}) {
        const pb::GetSuggestionsRequest request = controller.Request(count);
        const pb::GetSuggestionsReply reply = AnswerOf(*study, request);
        for (const auto& given : reply.parameter_assignments()) {
          REQUIRE(given.assignments_size() == 3);
          for (int i = 0; i < 3; ++i) {
            CHECK(given.assignments(i).name() ==
                  experiment.spec().parameter_specs().parameters(i).name());
            CHECK(CheckValue(study->spec().space.parameters[static_cast<std::size_t>(i)].domain,
                             given.assignments(i).value()));
          }
        }
        CHECK(Texts(AnswerOf(*study, request)) == Texts(reply));  // asked again
        CHECK(AfterRestart(request) == Texts(reply));
        controller.Run(reply);
      }
    }
  }
}

std::map<std::string, std::string> SettingsOf(const pb::AlgorithmSpec& algorithm) {
  std::map<std::string, std::string> settings;
  for (const pb::AlgorithmSetting& setting : algorithm.algorithm_settings()) {
    settings[setting.name()] = setting.value();
  }
  return settings;
}

TEST_CASE("study: hyperband gives whole brackets, and its reply has the keys of Katib's",
          "[suggestion]") {
  // Eight for budget 1, of which the best four go on with 2, two with 4, one with 8; then six of
  // which three and one go on, then four and two, then four.
  FakeController controller(SmallExperiment("hyperband"));
  const auto study = StudyOf(controller.experiment());
  const std::vector<std::string> budgets{"1", "1", "1", "1", "1", "1", "1", "1", "2", "2", "2",
                                         "2", "4", "4", "8", "2", "2", "2", "2", "2", "2", "4"};
  std::vector<std::string> given;
  for (const int count : {3, 5, 4, 2, 1, 6, 1}) {
    const pb::GetSuggestionsRequest request = controller.Request(count);
    const pb::GetSuggestionsReply reply = AnswerOf(*study, request);
    CHECK(AfterRestart(request) == Texts(reply));
    for (const auto& one : reply.parameter_assignments()) {
      given.push_back(one.assignments(1).value());
    }
    const auto settings = SettingsOf(reply.algorithm());
    CHECK(settings.size() == 10);
    CHECK(settings.at("resource_name") == "n");
    CHECK(settings.at("s_max") == "3");
    CHECK(settings.at("b_l") == "32");
    CHECK(settings.at("r_l") == "8");
    CHECK(settings.at("eta") == "2");
    CHECK(settings.at("r") == (given.size() <= 15 ? "1" : "2"));
    CHECK(settings.at("n") == (given.size() <= 15 ? "8" : "6"));
    CHECK(settings.at("current_s") == (given.size() <= 15 ? "3" : "2"));
    const std::map<std::string, std::string> rungs{{"1", "0"}, {"2", "1"}, {"4", "2"}, {"8", "3"}};
    CHECK((given.size() > 15 || settings.at("current_i") == rungs.at(given.back())));
    const std::map<std::string, std::string> sizes{{"1", "8"}, {"2", "4"}, {"4", "2"}, {"8", "1"}};
    CHECK((given.size() > 15 || settings.at("evaluating_trials") == sizes.at(given.back())));
    controller.Run(reply);
  }
  CHECK(given == budgets);
}

TEST_CASE("study: a rung of hyperband that is under way is no reason for fewer answers",
          "[suggestion]") {
  FakeController controller(SmallExperiment("hyperband"));
  const auto study = StudyOf(controller.experiment());
  controller.Run(AnswerOf(*study, controller.Request(8)));
  for (auto at : {0, 1, 2}) {
    controller.trials()[static_cast<std::size_t>(at)].mutable_status()->set_condition(
        pb::TrialStatus::RUNNING);
    controller.trials()[static_cast<std::size_t>(at)].mutable_status()->clear_completion_time();
  }
  CHECK(AnswerOf(*study, controller.Request(4)).parameter_assignments_size() == 4);
}

TEST_CASE("study: a budget that only the environment could carry is refused", "[suggestion]") {
  for (const char* const algorithm : {"hyperband", "bohb", "asha"}) {
    const auto study =
        Study::Create(SmallExperiment(algorithm, {{"r_l", "8"}, {"resource_name", "HONE_BUDGET"}}));
    REQUIRE_FALSE(study.has_value());
    CHECK(study.error().code == Code::kInvalidArgument);
    CHECK(study.error().message.find("resource_name") != std::string::npos);
  }
}

TEST_CASE("study: the order of the trials in a request does not matter", "[suggestion]") {
  for (const char* const algorithm : {"tpe", "bayesianoptimization", "grid"}) {
    FakeController controller(SmallExperiment(algorithm, {}));
    const auto study = StudyOf(SmallExperiment(algorithm));
    for (int i = 0; i < 5; ++i) {
      controller.Run(AnswerOf(*study, controller.Request(3)));
    }
    const std::vector<std::string> one_way = AfterRestart(controller.Request(2));
    std::ranges::reverse(controller.trials());
    CHECK(AfterRestart(controller.Request(2)) == one_way);
  }
}

TEST_CASE("study: results teach, by the direction of the objective", "[suggestion]") {
  pb::Experiment experiment = SmallExperiment("tpe", {{"n_startup_trials", "2"}});
  FakeController controller(experiment);
  for (int i = 0; i < 10; ++i) {
    controller.Run(AnswerOf(*StudyOf(experiment), controller.Request(2)));
  }
  pb::GetSuggestionsRequest request = controller.Request(2);
  const std::vector<std::string> minimized = AfterRestart(request);
  request.mutable_experiment()->mutable_spec()->mutable_objective()->set_type(pb::MAXIMIZE);
  CHECK(AfterRestart(request) != minimized);
}

TEST_CASE("study: trials that say nothing usable are passed over", "[suggestion]") {
  const pb::Experiment experiment = SmallExperiment("tpe", {{"n_startup_trials", "1"}});
  FakeController controller(experiment);
  controller.Run(AnswerOf(*StudyOf(experiment), controller.Request(3)));
  struct Case {
    const char* name;
    pb::Trial trial;
  };
  std::vector<Case> cases = {
      {"nothing at all", pb::Trial()},
      {"no name", SucceededTrial("", {"0.5", "1", "a"}, 900, "1")},
      {"no parameters", SucceededTrial("t", {}, 900, "1")},
      {"a parameter is missing", SucceededTrial("t", {"0.5", "1"}, 900, "1")},
      {"a value outside of the space", SucceededTrial("t", {"7", "1", "a"}, 900, "1")},
      {"a value off the grid", SucceededTrial("t", {"0.1", "1", "a"}, 900, "1")},
      {"a value of another kind", SucceededTrial("t", {"0.5", "one", "a"}, 900, "1")},
      {"a name that was there", SucceededTrial("small-1", {"0.5", "1", "a"}, 900, "1")},
  };
  pb::Trial twice = SucceededTrial("t", {"0.5", "1", "a"}, 900, "1");
  *twice.mutable_spec()->mutable_parameter_assignments()->add_assignments() =
      twice.spec().parameter_assignments().assignments(0);
  cases.push_back({"a parameter comes twice", twice});
  const pb::GetSuggestionsRequest plain = controller.Request(2);
  const std::vector<std::string> expected = AfterRestart(plain);
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      pb::GetSuggestionsRequest request = plain;
      *request.add_trials() = c.trial;
      CHECK(AfterRestart(request) == expected);
    }
  }
}

TEST_CASE("study: metrics that are no numbers, odd times and odd conditions do no harm",
          "[suggestion]") {
  const std::vector<std::string> values = {"0.5", "1", "a"};
  struct Case {
    const char* name;
    std::function<void(pb::Trial&)> change;
  };
  const Case cases[] = {
      {"unavailable",
       [](pb::Trial& t) {
         t.mutable_status()->mutable_observation()->mutable_metrics(0)->set_value("unavailable");
       }},
      {"nan",
       [](pb::Trial& t) {
         t.mutable_status()->mutable_observation()->mutable_metrics(0)->set_value("NaN");
       }},
      {"infinite",
       [](pb::Trial& t) {
         t.mutable_status()->mutable_observation()->mutable_metrics(0)->set_value("-inf");
       }},
      {"no metric", [](pb::Trial& t) { t.mutable_status()->clear_observation(); }},
      {"no times",
       [](pb::Trial& t) {
         t.mutable_status()->clear_start_time();
         t.mutable_status()->clear_completion_time();
       }},
      {"ends before it starts",
       [](pb::Trial& t) { t.mutable_status()->set_completion_time("0001-01-01T00:00:00Z"); }},
      {"a time that is none", [](pb::Trial& t) { t.mutable_status()->set_start_time("soon"); }},
      {"an unknown condition",
       [](pb::Trial& t) {
         t.mutable_status()->set_condition(static_cast<pb::TrialStatus::TrialConditionType>(99));
       }},
      {"failed", [](pb::Trial& t) { t.mutable_status()->set_condition(pb::TrialStatus::FAILED); }},
      {"killed", [](pb::Trial& t) { t.mutable_status()->set_condition(pb::TrialStatus::KILLED); }},
      {"stopped early without a value",
       [](pb::Trial& t) {
         t.mutable_status()->set_condition(pb::TrialStatus::EARLYSTOPPED);
         t.mutable_status()->clear_observation();
       }},
  };
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    if ((info->supports & kCheckpoints) != 0) {
      continue;
    }
    for (const Case& c : cases) {
      DYNAMIC_SECTION(info->name << ": " << c.name) {
        pb::GetSuggestionsRequest request;
        *request.mutable_experiment() = SmallExperiment(info->name);
        request.set_current_request_number(2);
        request.set_total_request_number(14);
        for (int i = 0; i < 12; ++i) {
          pb::Trial trial = SucceededTrial("t" + std::to_string(i), values, i, std::to_string(i));
          c.change(trial);
          *request.add_trials() = trial;
        }
        CHECK(AfterRestart(request).size() == 2);
      }
    }
  }
}

TEST_CASE("study: suggestions that the request does not show are not made again", "[suggestion]") {
  // Katib leaves trials out whose metrics are unavailable.
  for (const char* const algorithm : {"grid", "sobol"}) {
    DYNAMIC_SECTION(algorithm) {
      const pb::Experiment experiment = SmallExperiment(algorithm);
      const auto study = StudyOf(experiment);
      FakeController controller(experiment);
      std::set<std::string> seen;
      std::size_t given = 0;
      for (int i = 0; i < 8; ++i) {
        const auto reply = AnswerOf(*study, controller.Request(3));
        for (const std::string& text : Texts(reply)) {
          seen.insert(text);
          ++given;
        }
        controller.Run(reply);
        controller.trials().erase(controller.trials().end() - 2);
      }
      CHECK(seen.size() == given);
    }
  }
}

TEST_CASE("study: a grid that is used up begins again", "[suggestion]") {
  pb::Experiment experiment = SmallExperiment("grid");
  auto& x = *experiment.mutable_spec()->mutable_parameter_specs()->mutable_parameters(0);
  x.mutable_feasible_space()->set_step("1");
  auto& n = *experiment.mutable_spec()->mutable_parameter_specs()->mutable_parameters(1);
  n.mutable_feasible_space()->set_max("2");  // 3 x 2 x 2 combinations
  FakeController controller(experiment);
  const auto study = StudyOf(experiment);
  std::vector<std::string> all;
  for (const int count : {5, 15, 4}) {
    const auto reply = AnswerOf(*study, controller.Request(count));
    std::ranges::copy(Texts(reply), std::back_inserter(all));
    controller.Run(reply);
  }
  REQUIRE(all.size() == 24);
  CHECK(std::set(all.begin(), all.begin() + 12).size() == 12);
  CHECK(std::set(all.begin() + 12, all.end()).size() == 12);
}

TEST_CASE("study: bad experiments are refused with the field and what is accepted",
          "[suggestion]") {
  struct Case {
    const char* name;
    std::function<void(pb::ExperimentSpec&)> change;
    std::vector<std::string> told;
  };
  const auto feasible = [](pb::ExperimentSpec& spec, int i) {
    return spec.mutable_parameter_specs()->mutable_parameters(i)->mutable_feasible_space();
  };
  const Case cases[] = {
      {"a setting out of range",
       [](pb::ExperimentSpec& s) {
         auto& setting = *s.mutable_algorithm()->add_algorithm_settings();
         setting.set_name("gamma");
         setting.set_value("2");
       },
       {"spec.algorithm.algorithmSettings[0].value", "gamma", "0 < real < 1"}},
      {"an unknown setting",
       [](pb::ExperimentSpec& s) {
         s.mutable_algorithm()->add_algorithm_settings()->set_name("gama");
       },
       {"spec.algorithm.algorithmSettings[0].name", "gamma"}},
      {"an unknown algorithm",
       [](pb::ExperimentSpec& s) { s.mutable_algorithm()->set_algorithm_name("tpee"); },
       {"spec.algorithm.algorithmName", "tpe"}},
      {"no algorithm",
       [](pb::ExperimentSpec& s) { s.clear_algorithm(); },
       {"spec.algorithm.algorithmName"}},
      {"no parameters",
       [](pb::ExperimentSpec& s) { s.clear_parameter_specs(); },
       {"spec.parameters"}},
      {"no objective",
       [](pb::ExperimentSpec& s) { s.clear_objective(); },
       {"spec.objective.type", "minimize"}},
      {"bounds the wrong way round",
       [&](pb::ExperimentSpec& s) { feasible(s, 0)->set_max("-2"); },
       {"spec.parameters[0].feasibleSpace.max", "-2"}},
      {"a bound that is no number",
       [&](pb::ExperimentSpec& s) { feasible(s, 1)->set_min("one"); },
       {"spec.parameters[1].feasibleSpace.min"}},
      {"an empty list",
       [&](pb::ExperimentSpec& s) { feasible(s, 2)->clear_list(); },
       {"spec.parameters[2].feasibleSpace"}},
      {"a distribution that is none",
       [&](pb::ExperimentSpec& s) {
         feasible(s, 0)->set_distribution(static_cast<pb::Distribution>(77));
       },
       {"spec.parameters[0].feasibleSpace.distribution"}},
      {"an unknown type",
       [](pb::ExperimentSpec& s) {
         s.mutable_parameter_specs()->mutable_parameters(0)->set_parameter_type(pb::UNKNOWN_TYPE);
       },
       {"spec.parameters[0].parameterType"}},
      {"a name twice",
       [](pb::ExperimentSpec& s) {
         s.mutable_parameter_specs()->mutable_parameters(1)->set_name("x");
       },
       {"spec.parameters[1].name"}},
      {"a negative count",
       [](pb::ExperimentSpec& s) { s.set_max_trial_count(-1); },
       {"spec.maxTrialCount"}},
      {"an architecture search",
       [](pb::ExperimentSpec& s) { s.mutable_nas_config(); },
       {"spec.nasConfig"}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      pb::Experiment experiment = SmallExperiment("tpe");
      c.change(*experiment.mutable_spec());
      const auto study = Study::Create(experiment);
      REQUIRE(!study.has_value());
      CHECK(study.error().code == Code::kInvalidArgument);
      for (const std::string& text : c.told) {
        INFO(study.error().Text());
        CHECK(study.error().Text().find(text) != std::string::npos);
      }
    }
  }
}

TEST_CASE("study: numbers that make no sense are refused, small oddities are not", "[suggestion]") {
  struct Case {
    int current;
    int total;
    bool accepted;
  };
  const pb::Experiment experiment = SmallExperiment("random");
  for (const Case& c :
       {Case{2, 2, true}, Case{2, 0, true}, Case{0, 0, true}, Case{-1, 0, false},
        Case{10'001, 10'001, false}, Case{1, -5, false}, Case{1, 2'147'483'647, true}}) {
    DYNAMIC_SECTION(c.current << " of " << c.total) {
      pb::GetSuggestionsRequest request;
      request.set_current_request_number(c.current);
      request.set_total_request_number(c.total);
      pb::GetSuggestionsReply reply;
      const Status status = Ask(*StudyOf(experiment), request, reply);
      CHECK(status.has_value() == c.accepted);
      CHECK((status.has_value() || status.error().code == Code::kInvalidArgument));
      CHECK(reply.parameter_assignments_size() == (c.accepted ? c.current : 0));
    }
  }
}

TEST_CASE("study: the seed depends on the experiment, and on random_state first", "[suggestion]") {
  pb::GetSuggestionsRequest request;
  request.set_current_request_number(2);
  request.set_total_request_number(2);
  const auto with = [&](const char* name, const std::map<std::string, std::string>& settings) {
    *request.mutable_experiment() = SmallExperiment("random", settings);
    request.mutable_experiment()->set_name(name);
    return AfterRestart(request);
  };
  CHECK(with("one", {}) != with("two", {}));
  CHECK(with("one", {{"random_state", "1"}}) == with("two", {{"random_state", "1"}}));
  CHECK(with("one", {{"random_state", "1"}}) != with("one", {{"random_state", "2"}}));
  const auto before = with("one", {});
  request.mutable_experiment()->mutable_spec()->set_max_trial_count(50);  // raised on a restart
  CHECK(AfterRestart(request) == before);
}

}  // namespace
}  // namespace hone
