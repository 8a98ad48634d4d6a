// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/executor.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "core/transitions.h"
#include "store/archive/format.h"
#include "store/archive/read_archive.h"
#include "store/archive/write_archive.h"
#include "store/memory/memory_store.h"
#include "tests/catch.h"
#include "tests/store/harness.h"
#include "tests/support/experiment.h"

using namespace hone;        // NOLINT(google-build-using-namespace): the subject of this file
using namespace hone::test;  // NOLINT(google-build-using-namespace): the subject of this file
using nlohmann::json;

namespace {

/// Trial 1 has succeeded, trial 2 runs; one reported text is no UTF-8.
class Source {
 public:
  Source() : store_(executor_, clock_) {
    Tell(event::ExperimentCreated{MakeSpec({.name = "x1"}).document, 7, "0.1.0", "test"});
    Tell(event::TrialsReserved{1, 2});
    for (const TrialNumber trial : {1U, 2U}) {
      event::TrialProposed proposed;
      proposed.trial = trial;
      proposed.reservation = 2;
      proposed.based_on = 2;
      proposed.values = {{"0.01", true}, {"3", true}, {"sgd", true}};
      Tell(proposed);
      Tell(event::TrialLaunched{trial, 1, "elsewhere"});
      Tell(event::TrialRunning{trial, 1, At(static_cast<int>(trial)), "pid 1"});
    }
    event::TrialOutcome outcome{1, 1, At(1), At(5), {{"acc", "0.5", "0.9", "0.9", true}}};
    Tell(event::TrialSucceeded{outcome});
    Tell(event::BestChanged{1});
    LedgerStep step{.experiment = id_,
                    .expected = 0,
                    .epoch = 0,
                    .events = events_,
                    .outbox = {},
                    .projection = {},
                    .observations = {}};
    step.projection.experiment = ProjectExperiment(state_);
    for (const TrialState& trial : state_.trials) {
      step.projection.trials.push_back(ProjectTrial(state_, trial));
    }
    std::vector<ObservationBatch> batches(1);
    batches[0].trial = {id_, 1};
    batches[0].attempt = 1;
    batches[0].source = "output";
    batches[0].records = {{"acc", "0.5", At(2), 1.0},
                          {"acc", "0.9", std::nullopt, std::nullopt},
                          {"acc", "\xff\"\n", At(3), std::nullopt}};
    REQUIRE(store_.Adopt(step, batches));
  }

  /// The bytes of an archive with the given logs.
  std::string Export(const std::vector<archive::LogFile>& logs = {}) {
    const UniqueFd fd(::memfd_create("archive", MFD_CLOEXEC));
    auto out = archive::TarWriter::Create(fd.get()).value();
    archive::WriteOptions options;
    options.hone_version = "0.1.0";
    options.logs = logs;
    options.artifacts = {{1, "model.bin", 3, Sha256Of("abc")}};
    const auto row = store_.FindExperiment("default", "x1").value();
    REQUIRE(archive::WriteArchive(out, store_, row, options));
    return ReadAll(fd.get());
  }

  static std::string ReadAll(int fd) {
    std::string bytes(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)), '\0');
    REQUIRE(::pread(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    return bytes;
  }

  MemoryStore& store() { return store_; }
  [[nodiscard]] const ExperimentState& state() const { return state_; }
  [[nodiscard]] const std::vector<Recorded>& events() const { return events_; }
  [[nodiscard]] const ExperimentId& id() const { return id_; }

 private:
  void Tell(Event event) {
    state_.id = id_;
    events_.push_back({state_.version + 1, At(static_cast<int>(events_.size())), std::move(event)});
    Evolve(state_, events_.back());
  }

  HandClock clock_;
  SimExecutor executor_{At(0)};
  MemoryStore store_;
  ExperimentId id_ = IdOf(1);
  ExperimentState state_;
  std::vector<Recorded> events_;
};

Result<archive::Archived> Read(const std::string& bytes, const archive::TakeLog& take_log = {},
                               const archive::Limits& limits = {}) {
  HONE_ASSIGN_OR_RETURN(auto in, archive::TarReader::OpenMemory(bytes));
  return archive::ReadArchive(in, limits, take_log);
}

/// An archive whose manifest is right whatever the members are.
std::string Pack(const std::vector<std::pair<std::string, std::string>>& members,
                 const std::function<void(json&)>& change = {}) {
  const UniqueFd fd(::memfd_create("archive", MFD_CLOEXEC));
  auto out = archive::TarWriter::Create(fd.get()).value();
  json manifest = {{"events", 0}, {"members", json::array()}};
  for (const auto& [name, bytes] : members) {
    REQUIRE(out.Begin(name, bytes.size()));
    REQUIRE(out.Write(bytes));
    manifest["members"].push_back(
        {{"name", name}, {"bytes", bytes.size()}, {"sha256", Sha256Of(bytes)}});
    if (name == archive::kLedger) {
      manifest["events"] = std::count(bytes.begin(), bytes.end(), '\n');
    }
  }
  if (change) {
    change(manifest);
  }
  REQUIRE(out.Begin(archive::kManifest, hone::DumpJson(manifest).size()));
  REQUIRE(out.Write(hone::DumpJson(manifest)));
  REQUIRE(out.Close());
  return Source::ReadAll(fd.get());
}

std::string Head(int format = archive::kFormat) {
  return hone::DumpJson(json({{"format", format}, {"hone", "9.9"}, {"uid", IdOf(1).text}}));
}

std::string LedgerText(const std::vector<Recorded>& events) {
  std::string text;
  for (const Recorded& event : events) {
    text += archive::EventLine(event);
  }
  return text;
}

std::string WhyNot(const std::string& bytes) {
  const auto read = Read(bytes);
  return read.has_value() ? "" : read.error().message;
}

}  // namespace

TEST_CASE("archive: what comes out is what went in", "[store]") {
  Source source;
  const TempFolder folder;
  const std::string log = std::string(100'000, 'a') + "acc=0.9\n";
  REQUIRE(WriteFile(folder.File("output.log"), log));
  std::map<std::pair<TrialNumber, Attempt>, std::string> logs;
  const auto archived =
      Read(source.Export({{1, 1, folder.File("output.log")}, {2, 1, folder.File("none")}}),
           [&](const ExperimentId& id, TrialNumber trial, Attempt attempt, std::uint64_t offset,
               std::string_view part) -> Status {
             REQUIRE(id == source.id());
             REQUIRE(offset == logs[std::pair(trial, attempt)].size());
             logs[std::pair(trial, attempt)] += part;
             return {};
           });
  REQUIRE(archived);
  CHECK(archived->state == source.state());
  CHECK(archived->events == source.events());
  CHECK(archived->records.at(1) == source.store().ReadRecords({source.id(), 1}, 0, "").value());
  CHECK(logs == decltype(logs){{{1, 1}, log}});
}

TEST_CASE("archive: an unfinished experiment arrives suspended and can go on", "[store]") {
  Source source;
  auto archived = Read(source.Export()).value();
  REQUIRE(archive::Settle(archived, At(100)));
  CHECK(archived.state.phase == ExperimentPhase::kSuspended);
  CHECK(archived.state.trials[1].phase == TrialPhase::kPending);
  CHECK_FALSE(archived.state.trials[1].launched);
  CHECK(archived.state.best == TrialNumber{1});

  const HandClock clock;
  SimExecutor executor(At(0));
  MemoryStore target(executor, clock);
  REQUIRE(target.Adopt(archive::ToStep(archived), archive::ToBatches(archived)));
  CHECK(target.Read(source.id(), 0, kAll).value() == archived.events);
  CHECK(target.ReadRecords({source.id(), 1}, 0, "").value() ==
        source.store().ReadRecords({source.id(), 1}, 0, "").value());
  const auto resumed = Decide(archived.state, input::Resume{}, At(101));
  CHECK(resumed.has_value());
}

TEST_CASE("archive: under another name it is another experiment", "[store]") {
  Source source;
  auto archived = Read(source.Export()).value();
  REQUIRE(archive::Rename(archived, "copy", IdOf(2)));
  REQUIRE(archive::Settle(archived, At(100)));
  CHECK(archived.state.spec->name == "copy");
  REQUIRE(source.store().Adopt(archive::ToStep(archived), archive::ToBatches(archived)));
  CHECK(source.store().ListExperiments().value().size() == 2);
  CHECK(source.store().FindExperiment("default", "copy").value().best_trial ==
        TrialName("copy", {IdOf(2), 1}));
  CHECK(archive::Rename(archived, "No Name", IdOf(3)).error().code == Code::kInvalidArgument);
}

TEST_CASE("archive: no changed byte and no cut is taken for the experiment", "[store]") {
  Source source;
  const std::string whole = source.Export();
  REQUIRE(Read(whole));
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    CAPTURE(length);
    CHECK_FALSE(Read(whole.substr(0, length)));
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CAPTURE(at);
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    const auto read = Read(changed);
    // Owner and time of a tar's members mean nothing, and have no sum.
    CHECK((!read.has_value() || (read->events == source.events() && read->records.size() == 1)));
  }
}

TEST_CASE("archive: what hone cannot have written is refused, and named", "[store]") {
  Source source;
  const std::string ledger = LedgerText(source.events());
  CHECK(Read("PK\x03\x04 is a zip").error().code == Code::kInvalidArgument);
  CHECK(WhyNot(Pack({{"a.txt", "a"}})).find("no archive of hone") != std::string::npos);
  const auto newer = Read(Pack({{archive::kHead, Head(2)}, {archive::kLedger, ledger}}));
  CHECK(newer.error().code == Code::kFailedPrecondition);
  CHECK(newer.error().message.find("format 2, this hone reads 1") != std::string::npos);

  const auto with = [&](const std::string& name, const std::string& bytes) {
    return WhyNot(Pack({{archive::kHead, Head()}, {archive::kLedger, ledger}, {name, bytes}}));
  };
  CHECK(with("trials/1/observations.jsonl", "").empty());
  for (const char* const name :
       {"../evil", "/etc/passwd", "trials/1/../../evil", "trials/01/1/output.log",
        "trials/+1/1/output.log", "trials//1/output.log", "trials/1/1/output.log/x",
        "trials/99999999999/1/output.log", "trials/1/output.log"}) {
    CAPTURE(name);
    CHECK(with(name, "x").find("is no member that hone knows") != std::string::npos);
  }
  CHECK(with("trials/3/1/output.log", "x").find("of no attempt in the ledger") !=
        std::string::npos);
  CHECK(with("trials/1/2/output.log", "x").find("of no attempt in the ledger") !=
        std::string::npos);
  CHECK(with("trials/1/observations.jsonl", "{\"attempt\":1,\"metric\":\"a\"}\n")
            .find("line 1: a line cannot be read") != std::string::npos);
  CHECK(with("trials/1/observations.jsonl", "{\"attempt\":1").find("last line has no end") !=
        std::string::npos);
  CHECK(with("trials/1/observations.jsonl", R"({"attempt":9,"metric":"a","text":"1"})"
                                            "\n")
            .find("of no attempt") != std::string::npos);
  CHECK(with(archive::kLedger, ledger).find("is there twice") != std::string::npos);

  std::vector<Recorded> impossible = source.events();
  impossible[1].event = event::TrialsReserved{1, 4'000'000'000U};
  CHECK(WhyNot(Pack({{archive::kHead, Head()}, {archive::kLedger, LedgerText(impossible)}}))
            .find("count must be") != std::string::npos);
  impossible = source.events();
  impossible.erase(impossible.begin() + 3);
  CHECK(WhyNot(Pack({{archive::kHead, Head()}, {archive::kLedger, LedgerText(impossible)}}))
            .find("event 4 is missing") != std::string::npos);
  CHECK(WhyNot(Pack({{archive::kHead, Head()}})).find("of no experiment") != std::string::npos);
  CHECK(WhyNot(Pack({{archive::kHead, R"({"format":1,"uid":"../x"})"}})).find("uid") !=
        std::string::npos);

  const std::vector<std::pair<std::string, std::string>> sound = {{archive::kHead, Head()},
                                                                  {archive::kLedger, ledger}};
  CHECK(WhyNot(Pack(sound, [](json& m) { m["members"].erase(1); })).find("is not in it") !=
        std::string::npos);
  CHECK(WhyNot(Pack(sound, [](json& m) {
          m["members"][1]["sha256"] = "00";
        })).find("was changed") != std::string::npos);
  CHECK(WhyNot(Pack(sound, [](json& m) { m["members"][1]["name"] = "lost"; })).find("is missing") !=
        std::string::npos);
  CHECK(WhyNot(Pack(sound, [](json& m) { m["events"] = 1; })).find("another number of events") !=
        std::string::npos);
}

TEST_CASE("archive: a bomb is told before it is unpacked", "[store]") {
  const std::string bomb =
      Pack({{archive::kHead, Head()},
            {"trials/1/1/output.log", std::string(std::size_t{32} << 20, 'x')}});
  CHECK(bomb.size() < 100'000);
  std::uint64_t taken = 0;
  const auto read = Read(bomb,
                         [&](const ExperimentId&, TrialNumber, Attempt, std::uint64_t,
                             std::string_view part) -> Status {
                           taken += part.size();
                           return {};
                         },
                         {.bytes = 1'000'000});
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Code::kResourceExhausted);
  CHECK(taken <= 1'000'000);
}
