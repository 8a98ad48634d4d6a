// SPDX-License-Identifier: Apache-2.0
// hone export: an experiment as one file, for `hone import`, or its trials for other programs.
#include <filesystem>

#include "apps/cli/csv.h"
#include "apps/cli/export_archive.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/terminal_text.h"
#include "apps/cli/verb.h"
#include "base/file.h"

namespace hone::cli {
namespace {

struct Options {
  std::string name;
  std::string file;
  bool csv = false;
  bool force = false;
  bool no_logs = false;
  bool no_files = false;
};

void Declare(Args& args, Options& options) {
  args.Experiment(options.name);
  args.Flag("--csv", options.csv, "a line for each trial: parameters, metrics, status, times");
  args.Add("-O,--output-file", options.file,
           {.type = "FILE",
            .help = "where to write; -: standard output; default: NAME.tar.zst, and standard "
                    "output for --csv",
            .values = Values::kFile});
  args.Flag("--force", options.force, "replace the file if there is one");
  args.Flag("--no-logs", options.no_logs, "leave the trials' logs out of the archive");
  args.Flag("--no-files", options.no_files,
            "do not read and list the files in the trials' folders");
}

Status PrintCsv(const std::string& csv) {
  if (!StdoutIsTerminal()) {
    return PrintText(csv);
  }
  TerminalText safe;  // metrics are what trials wrote
  const std::string shown = safe.Feed(csv);
  return PrintText(shown + safe.Finish());
}

Result<int> ExportCsv(const Session& session, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(options.name));
  const std::string csv = TrialsCsv(state);
  HONE_RETURN_IF_ERROR(options.file == "-" ? PrintCsv(csv) : WriteFileDurably(options.file, csv));
  return kExitOk;
}

Result<int> ExportWhole(const Config& config, const Session& session, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const ExperimentRow row, session.Find(options.name));
  if (options.file == "-" && StdoutIsTerminal()) {
    return Fail(Code::kInvalidArgument, "an archive is nothing for a terminal; say where: -O FILE");
  }
  HONE_RETURN_IF_ERROR(ExportArchive(
      config, session, row,
      {.file = options.file, .logs = !options.no_logs, .artifacts = !options.no_files}));
  if (options.file != "-") {
    HONE_RETURN_IF_ERROR(PrintText("wrote " + options.file + "\n"));
  }
  return kExitOk;
}

Result<int> Export(const Config& config, const Options& given) {
  Options options = given;
  if (options.file.empty()) {
    options.file = options.csv ? "-" : options.name + ".tar.zst";
  }
  std::error_code ignored;
  if (options.file != "-" && !options.force && std::filesystem::exists(options.file, ignored)) {
    return Fail(Code::kInvalidArgument, options.file + " exists; --force replaces it");
  }
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  return options.csv ? ExportCsv(session, options) : ExportWhole(config, session, options);
}

}  // namespace

Verb ExportVerb() {
  return MakeVerb<Options>(
      {.name = "export",
       .group = kReadGroup,
       .summary = "an experiment as one file, for `hone import`, or its trials as CSV",
       .example = "hone export digits -O digits.tar.zst"},
      &Declare, &Export);
}

}  // namespace hone::cli
