// SPDX-License-Identifier: Apache-2.0
// Population based training over Katib's wire: names, labels and folders.
#include "suggestion/server/lineage.h"

#include <fstream>
#include <map>
#include <set>

#include "base/file.h"
#include "suggestion/server/study.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/suggestion/server/requests.h"

namespace hone {
namespace {

using namespace test;
namespace fs = std::filesystem;

TEST_CASE("lineage: a name tells its segment, whatever the experiment is called", "[suggestion]") {
  const LineageName first{"m3 g0", 7, 0};
  const LineageName child{"m3 g1", 17, 7};
  CHECK(TextOf("small", first) == "small-m3-g0-t7");
  CHECK(TextOf("a-b", child) == "a-b-m3-g1-t17-p7");
  CHECK(ParseLineage("small", "small-m3-g0-t7") == first);
  CHECK(ParseLineage("a-b", "a-b-m3-g1-t17-p7") == child);
  for (const char* name :
       {"other-m3-g0-t7", "small-m3-g0", "small-m0-g0-t7", "small-m3-g0-t7-q1", "small-m03-g0-t7",
        "small-m3-g-t7", "small-m3-g0-t7-p", "small-m10001-g0-t7", "small-m3-g0-t7-p1-x",
        "small-m3-g0-t99999999999", "small-../../m3-g0-t7", "small-abcdefgh"}) {
    INFO(name);
    CHECK_FALSE(ParseLineage("small", name).has_value());
  }
}

TEST_CASE("lineage: a folder is copied whole, once, and only what can be", "[suggestion]") {
  const testing::TempFolder data;
  REQUIRE(MakeTrialFolder(data.path(), "small", "", "first").has_value());
  CHECK(fs::is_empty(data / "small/first"));
  std::ofstream(data / "small/first/weights") << "1";
  REQUIRE(MakeTrialFolder(data.path(), "small", "first", "child").has_value());
  CHECK(ReadFile(data / "small/child/weights") == std::string("1"));
  std::ofstream(data / "small/child/weights") << "2";
  REQUIRE(MakeTrialFolder(data.path(), "small", "first", "child").has_value());  // asked again
  CHECK(ReadFile(data / "small/child/weights") == std::string("2"));
  fs::create_symlink("/etc", data / "small/first/out");
  REQUIRE(MakeTrialFolder(data.path(), "small", "first", "other").has_value());
  CHECK(fs::is_empty(data / "small/other"));
  REQUIRE(MakeTrialFolder(data.path(), "small", "unknown", "third").has_value());
  std::ofstream(data / "file") << "in the way";
  const Status failed = MakeTrialFolder(data.path(), "file", "", "child");
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == Code::kUnavailable);
}

/// A controller whose trials keep the names they are given, and save into their folders.
class PbtController {
 public:
  explicit PbtController(fs::path data)
      : experiment_(SmallExperiment(
            "pbt", {{"n_population", "5"}, {"suggestion_trial_dir", "/opt/katib/data"}})),
        data_(std::move(data)) {}

  [[nodiscard]] std::unique_ptr<Study> NewStudy() const {
    auto study = Study::Create(experiment_, data_);
    INFO((study ? "" : study.error().Text()));
    REQUIRE(study.has_value());
    return std::move(*study);
  }
  [[nodiscard]] pb::GetSuggestionsRequest Request(int count) const {
    pb::GetSuggestionsRequest request;
    *request.mutable_experiment() = experiment_;
    for (const pb::Trial& trial : trials_) {
      *request.add_trials() = trial;
    }
    request.set_current_request_number(count);
    request.set_total_request_number(given_ + count);
    return request;
  }
  static pb::GetSuggestionsReply Answer(Study& study, const pb::GetSuggestionsRequest& request) {
    pb::GetSuggestionsReply reply;
    const Status status = Ask(study, request, reply);
    INFO((status ? "" : status.error().Text()));
    REQUIRE(status.has_value());
    return reply;
  }
  /// They train: what the parent had saved, and one step more; the first member is the worst.
  void Run(const pb::GetSuggestionsReply& reply) {
    for (const auto& given : reply.parameter_assignments()) {
      const std::string name = given.trial_name();
      CHECK(names_.insert(name).second);
      const fs::path file = data_ / "small" / name / "steps";
      const std::string before = fs::exists(file) ? ReadFile(file).value() : "";
      std::ofstream(file) << before << name << "\n";
      std::vector<std::string> values;
      for (const auto& item : given.assignments()) {
        values.push_back(item.value());
      }
      ++given_;
      const bool bad = given.trial_name().starts_with("small-m1-");
      trials_.push_back(SucceededTrial(name, values, 60 * given_, bad ? "9" : "1"));
      trials_.back().mutable_status()->clear_observation();
      pb::Metric& metric = *trials_.back().mutable_status()->mutable_observation()->add_metrics();
      metric.set_name("loss");
      metric.set_value(bad ? "9" : std::to_string(given_ % 5));
    }
  }
  [[nodiscard]] std::string StepsOf(const std::string& name) const {
    return ReadFile(data_ / "small" / name / "steps").value();
  }

 private:
  pb::Experiment experiment_;
  fs::path data_;
  std::vector<pb::Trial> trials_;
  std::set<std::string> names_;
  int given_ = 0;
};

TEST_CASE("lineage: pbt over the wire hands checkpoints on, and an answer follows from the request",
          "[suggestion]") {
  const testing::TempFolder data;
  PbtController controller(data.path());
  const auto study = controller.NewStudy();
  int exploited = 0;
  for (const int count : {3, 2, 2, 4, 1, 5, 3}) {
    const pb::GetSuggestionsRequest request = controller.Request(count);
    const pb::GetSuggestionsReply reply = PbtController::Answer(*study, request);
    REQUIRE(reply.parameter_assignments_size() == count);
    const auto restarted = controller.NewStudy();
    CHECK(PbtController::Answer(*restarted, request).DebugString() == reply.DebugString());
    controller.Run(reply);
    for (const auto& given : reply.parameter_assignments()) {
      const auto lineage = ParseLineage("small", given.trial_name());
      REQUIRE(lineage.has_value());
      const auto& labels = given.labels();
      CHECK("g" + labels.at("pbt.suggestion.katib.kubeflow.org/generation") ==
            lineage->tag.substr(lineage->tag.find('g')));
      const auto parent = labels.find("pbt.suggestion.katib.kubeflow.org/parent");
      CHECK((parent != labels.end()) == (lineage->parent != 0));
      if (parent != labels.end()) {
        CHECK(controller.StepsOf(given.trial_name()) ==
              controller.StepsOf(parent->second) + given.trial_name() + "\n");
        const auto from = ParseLineage("small", parent->second);
        REQUIRE(from.has_value());
        exploited += from->tag.substr(0, 3) != lineage->tag.substr(0, 3) ? 1 : 0;
      }
    }
  }
  CHECK(exploited >= 2);  // the first member is always among the worst
}

TEST_CASE("lineage: without its volume, or the path in the trial, pbt is refused", "[suggestion]") {
  const auto code = [](const std::map<std::string, std::string>& settings, const fs::path& data) {
    const auto study = Study::Create(SmallExperiment("pbt", settings), data);
    REQUIRE_FALSE(study.has_value());
    return study.error().field;
  };
  CHECK(code({{"suggestion_trial_dir", "/opt/katib/data"}}, {}) == "spec.algorithm.algorithmName");
  CHECK(code({{"n_population", "5"}}, "/data") == "spec.algorithm.algorithmSettings");
}

}  // namespace
}  // namespace hone
