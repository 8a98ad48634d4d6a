// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "core/spec.h"
#include "store/archive/read_archive.h"

namespace hone::cli {

struct CsvImport {
  archive::Archived archived;         ///< a suspended experiment with the file's results, or ended
  std::size_t left_out = 0;           ///< lines of trials that did not succeed
  std::vector<std::string> unused;    ///< columns without a meaning here
  std::vector<std::string> problems;  ///< "FILE:LINE: column: what is wrong"; empty: all is well
};

/// Results of trials from elsewhere as an experiment whose algorithm learns from them: a line for
/// each trial, as `hone export --csv` and Optuna's trials_dataframe() write it. Columns: each
/// parameter ("x", "params_x" or "parameter.x"), the objective and, if there, further metrics
/// ("loss", "metric.loss", or "value" for the objective), and optionally the status.
/// @param text  of the file; @param file  its name, for messages
/// @errors kInvalidArgument: no CSV, or a column is missing; more trials than maxTrialCount
Result<CsvImport> ReadCsvResults(const ExperimentSpec& spec, const std::string& text,
                                 const std::string& file, Timestamp now);

}  // namespace hone::cli
