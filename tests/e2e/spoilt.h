// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/e2e/python.h"
#include "tests/support/hone_program.h"

namespace hone::test {

/// The port of tcpmux, which nobody listens on.
inline constexpr char kNobody[] = "127.0.0.1:1";

/// What is wrong with a service, and what people must be told of it.
struct Fault {
  std::string name;
  std::string told;
};

/// Fields of an experiment that make a service its own.
using FieldsOf = nlohmann::json (*)(const std::string& fault, const std::string& endpoint,
                                    const char* timeout);

/// Runs of experiments, all at a time, whose service has a fault each: those of a program in
/// tests/e2e, and a dead one. Each run must end, and say which service it was.
/// @param blame  how the message begins, before the service's address
inline void CheckSpoilt(const char* program, std::vector<Fault> faults, FieldsOf fields,
                        const std::string& blame) {
  HoneProgram services;
  const std::string stubs = MakeStubs(services, "api/proto/katib_v1beta1.proto");
  if (stubs.empty()) {
    return;
  }
  const RunningProgram fake =
      services.StartProgram({kPython, (SourceFolder() / "tests/e2e" / program).string(), stubs});
  const std::string address = AddressOf(fake);
  faults.push_back({"dead", "unavailable"});
  struct Run {
    std::unique_ptr<HoneProgram> hone = std::make_unique<HoneProgram>();
    std::unique_ptr<RunningProgram> program{};
  };
  std::vector<Run> runs(faults.size());
  const auto endpoint = [&](const Fault& fault) {
    return fault.name == "dead" ? std::string(kNobody) : address;
  };
  for (std::size_t i = 0; i < runs.size(); ++i) {
    nlohmann::json extra =
        fields(faults[i].name, endpoint(faults[i]), faults[i].name == "slow" ? "500ms" : "30s");
    const std::string file =
        runs[i].hone->Write(ScriptExperiment{.name = "spoilt", .trials = 2, .extra = &extra});
    runs[i].program = std::make_unique<RunningProgram>(runs[i].hone->Start({"run", file}));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    CAPTURE(faults[i].name);
    const ProgramRun run = runs[i].program->Wait();
    INFO(run.out << run.err);
    CHECK(run.exit_code == 1);
    CHECK(runs[i].hone->Status("spoilt") == "Failed");
    const std::string message = runs[i].hone->StateOf("spoilt").message;
    CAPTURE(message);
    CHECK(message.starts_with(blame + endpoint(faults[i])));
    CHECK(message.find(faults[i].told) != std::string::npos);
    CHECK(runs[i].hone->Trials("spoilt").empty());
  }
}

}  // namespace hone::test
