// SPDX-License-Identifier: Apache-2.0
// hone export: an experiment's trials for other programs.
#include <filesystem>

#include "apps/cli/csv.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/terminal_text.h"
#include "apps/cli/verb.h"
#include "base/file.h"

namespace hone::cli {
namespace {

struct Options {
  std::string name;
  std::string file = "-";
  bool csv = false;
  bool force = false;
};

void Declare(Args& args, Options& options) {
  args.Experiment(options.name);
  args.Flag("--csv", options.csv, "a line for each trial: parameters, metrics, status, times");
  args.Add("-O,--output-file", options.file,
           {.type = "FILE",
            .help = "where to write; default, and -: standard output",
            .values = Values::kFile});
  args.Flag("--force", options.force, "replace the file if there is one");
}

Status PrintCsv(const std::string& csv) {
  if (!StdoutIsTerminal()) {
    return PrintText(csv);
  }
  TerminalText safe;  // metrics are what trials wrote
  const std::string shown = safe.Feed(csv);
  return PrintText(shown + safe.Finish());
}

Result<int> Export(const Config& config, const Options& options) {
  if (!options.csv) {
    return Fail(Code::kInvalidArgument, "say in which form: --csv");
  }
  const bool to_stdout = options.file.empty() || options.file == "-";
  std::error_code ignored;
  if (!to_stdout && !options.force && std::filesystem::exists(options.file, ignored)) {
    return Fail(Code::kInvalidArgument, options.file + " exists; --force replaces it");
  }
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(options.name));
  const std::string csv = TrialsCsv(state);
  HONE_RETURN_IF_ERROR(to_stdout ? PrintCsv(csv) : WriteFileDurably(options.file, csv));
  return kExitOk;
}

}  // namespace

Verb ExportVerb() {
  return MakeVerb<Options>({.name = "export",
                            .group = kReadGroup,
                            .summary = "an experiment's trials for other programs",
                            .example = "hone export digits --csv -O digits.csv"},
                           &Declare, &Export);
}

}  // namespace hone::cli
