// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <map>

#include "apps/cli/verbs.h"

namespace hone::cli {
namespace {

using Action = std::function<Result<int>()>;

/// What the command line says. Options of all commands live here, because CLI11 keeps references.
struct CommandLine {
  Config config;
  double grace_seconds = 10;
  OutputFormat output = OutputFormat::kTable;
  std::string name;
  std::vector<std::string> files;
  MetricsOptions metrics;
  LogsOptions logs;
  ResumeOptions resume;
  EventsOptions events;
  bool markdown = false;
  bool check = false;
  Action action;
};

const std::map<std::string, OutputFormat> kFormats = {
    {"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}, {"yaml", OutputFormat::kYaml}};
const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::kDebug},
                                                 {"info", LogLevel::kInfo},
                                                 {"warn", LogLevel::kWarn},
                                                 {"error", LogLevel::kError},
                                                 {"off", LogLevel::kOff}};
const std::map<std::string, LogFormat> kLogFormats = {{"logfmt", LogFormat::kLogfmt},
                                                      {"json", LogFormat::kJson}};

void AddGlobals(CLI::App& app, CommandLine& line) {
  Config& config = line.config;
  app.add_option("--data-dir", config.data_dir, "where experiments are kept")
      ->envname("HONE_DATA_DIR")
      ->default_str(DefaultDataDir().string())
      ->type_name("DIR");
  app.add_option("-n,--namespace", config.name_space, "namespace of the named experiments")
      ->capture_default_str()
      ->type_name("NAME");
  app.add_option("--cpus", config.cpus, "CPU slots offered to trials; default: all cores")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_option("--gpus", config.gpus, "GPU slots offered to trials; default: all there are")
      ->type_name("N");
  app.add_option("--grace", line.grace_seconds, "seconds from TERM to KILL when trials are ended")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  app.add_option("--log-level", config.log_level, "debug, info, warn, error or off")
      ->transform(CLI::CheckedTransformer(kLevels).description(""))
      ->default_str("warn")
      ->type_name("LEVEL");
  app.add_option("--log-format", config.log_format, "logfmt or json")
      ->transform(CLI::CheckedTransformer(kLogFormats).description(""))
      ->default_str("logfmt")
      ->type_name("FORMAT");
}

void AddOutput(CLI::App& command, OutputFormat& output) {
  command.add_option("-o,--output", output, "table, json or yaml")
      ->transform(CLI::CheckedTransformer(kFormats).description(""))
      ->default_str("table")
      ->type_name("FORMAT");
}

CLI::App& AddCommand(CLI::App& app, CommandLine& line, const std::string& name,
                     const std::string& help, Action action) {
  CLI::App& command = *app.add_subcommand(name, help);
  command.fallthrough();  // global options may stand after the command, too
  command.callback([&line, action = std::move(action)] { line.action = action; });
  return command;
}

/// A command that reads one experiment and prints it.
void AddReader(CLI::App& app, CommandLine& line, const std::string& name, const std::string& help,
               Result<int> (*verb)(const Config&, const std::string&, OutputFormat)) {
  CLI::App& command = AddCommand(
      app, line, name, help, [&line, verb] { return verb(line.config, line.name, line.output); });
  command.add_option("name", line.name, "the experiment")->required()->type_name("NAME");
  AddOutput(command, line.output);
}

/// A command that does something to one thing.
void AddDoer(CLI::App& app, CommandLine& line, const std::string& name, const std::string& help,
             Result<int> (*verb)(const Config&, const std::string&)) {
  CLI::App& command =
      AddCommand(app, line, name, help, [&line, verb] { return verb(line.config, line.name); });
  command.add_option("name", line.name, "the experiment, or the trial")
      ->required()
      ->type_name("NAME");
}

void AddFileCommands(CLI::App& app, CommandLine& line) {
  CLI::App& run = AddCommand(app, line, "run", "run an experiment to its end",
                             [&line] { return RunFile(line.config, line.name, line.output); });
  run.add_option("file", line.name, "the experiment file; - is standard input")
      ->required()
      ->type_name("FILE");
  AddOutput(run, line.output);
  CLI::App& validate = AddCommand(app, line, "validate", "say what is wrong with experiment files",
                                  [&line] { return ValidateFiles(line.files); });
  validate.add_option("files", line.files, "experiment files; - is standard input")
      ->required()
      ->type_name("FILE");
}

void AddTrialCommands(CLI::App& app, CommandLine& line) {
  CLI::App& metrics = AddCommand(app, line, "metrics", "every value that a trial reported",
                                 [&line] { return ShowMetrics(line.config, line.metrics); });
  metrics.add_option("trial", line.metrics.trial, "the trial")->required()->type_name("TRIAL");
  metrics.add_option("--metric", line.metrics.metric, "only this one")->type_name("NAME");
  AddOutput(metrics, line.metrics.output);
  CLI::App& logs = AddCommand(app, line, "logs", "what a trial wrote",
                              [&line] { return ShowLogs(line.config, line.logs); });
  logs.add_option("trial", line.logs.trial, "the trial")->required()->type_name("TRIAL");
  logs.add_option("--attempt", line.logs.attempt, "of which start; default: the last")
      ->type_name("N");
  logs.add_flag("-f,--follow", line.logs.follow, "go on until the trial is over");
}

void AddResume(CLI::App& app, CommandLine& line) {
  ResumeOptions& options = line.resume;
  CLI::App& resume = AddCommand(app, line, "resume", "go on with an experiment",
                                [&line] { return ResumeExperiment(line.config, line.resume); });
  resume.add_option("name", options.name, "the experiment")->required()->type_name("NAME");
  resume.add_option("--max-trials", options.edit.max_trial_count, "new maxTrialCount")
      ->type_name("N");
  resume.add_option("--parallel", options.edit.parallel_trial_count, "new parallelTrialCount")
      ->type_name("N");
  resume.add_option("--max-failed", options.edit.max_failed_trial_count, "new maxFailedTrialCount")
      ->type_name("N");
  AddOutput(resume, options.output);
}

void AddOtherCommands(CLI::App& app, CommandLine& line) {
  CLI::App& list = AddCommand(app, line, "list", "all experiments",
                              [&line] { return ListExperiments(line.config, line.output); });
  AddOutput(list, line.output);
  CLI::App& algorithms =
      AddCommand(app, line, "algorithms", "the search algorithms and their settings",
                 [&line] { return ListAlgorithms(line.output, line.markdown); });
  algorithms.add_flag("--markdown", line.markdown, "as docs/algorithms.md");
  AddOutput(algorithms, line.output);
  CLI::App& events = AddCommand(app, line, "events", "the ledger of an experiment",
                                [&line] { return ShowEvents(line.config, line.events); });
  events.add_option("name", line.events.name, "the experiment")->required()->type_name("NAME");
  events.add_option("--from", line.events.from, "only events after this number")->type_name("SEQ");
  AddOutput(events, line.events.output);
  CLI::App& rebuild = AddCommand(app, line, "rebuild", "make the tables anew from the ledgers",
                                 [&line] { return RebuildRows(line.config, line.check); });
  rebuild.add_flag("--check", line.check, "only say what differs");
  rebuild.group("");  // hidden: for repairs
}

void AddCommands(CLI::App& app, CommandLine& line) {
  AddFileCommands(app, line);
  AddReader(app, line, "get", "one experiment", &GetExperiment);
  AddReader(app, line, "trials", "all trials of an experiment", &ListTrials);
  AddReader(app, line, "best", "the best trial of an experiment", &ShowBest);
  AddReader(app, line, "explain", "why an experiment or a trial is in its state", &Explain);
  AddReader(app, line, "replay", "compute every proposal again and compare", &ReplayProposals);
  AddTrialCommands(app, line);
  AddResume(app, line);
  AddDoer(app, line, "stop", "suspend an experiment; its running trials are interrupted",
          &StopExperiment);
  AddDoer(app, line, "delete", "remove an experiment with its logs", &DeleteExperiment);
  AddDoer(app, line, "kill", "end one trial, which then counts as killed", &KillTrial);
  AddOtherCommands(app, line);
}

int Perform(CommandLine& line) {
  if (line.config.data_dir.empty()) {
    line.config.data_dir = DefaultDataDir();
  }
  std::error_code error;
  const auto absolute = std::filesystem::absolute(line.config.data_dir, error);
  if (!error) {
    line.config.data_dir = absolute.lexically_normal();
  }
  line.config.grace = Duration(static_cast<std::int64_t>(line.grace_seconds * 1e6));
  ConfigureLog(line.config.log_level, line.config.log_format);
  const auto exit_code = line.action();
  if (exit_code.has_value()) {
    return *exit_code;
  }
  std::fprintf(stderr, "hone: %s\n", exit_code.error().Text().c_str());
  return exit_code.error().code == Code::kInvalidArgument ? kExitUsage : kExitFailed;
}

}  // namespace

int Main(int argc, char** argv) {
  CLI::App app("hone tunes hyperparameters: it runs experiments of Katib's format on this machine");
  CommandLine line;
  app.set_version_flag("--version", "hone " HONE_VERSION " (" HONE_CPU_LEVEL ")");
  app.require_subcommand(1);
  AddGlobals(app, line);
  AddCommands(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return Perform(line);
}

}  // namespace hone::cli
