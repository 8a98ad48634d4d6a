// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "core/event.h"
#include "core/state.h"

/// What `run` and `resume` show while an experiment goes on. Pure functions from state to text.
namespace hone::cli {

/// "best accuracy=0.97 by digits-abc (lr=0.01 width=32)", or "" while there is no best trial.
std::string BestText(const ExperimentState& state);

/// How long the trials that are left will take, if the number of trials is bounded and one has
/// ended: the mean time of those that ran to their end, over the number that run now.
std::optional<Duration> TimeLeft(const ExperimentState& state, Timestamp now);

/// The one line that a terminal shows and redraws: what is done, runs, failed; elapsed and
/// estimated time; the best so far.
/// @param since  when this program began to show the experiment
/// @param width  columns; the line is cut to it
std::string LiveLine(const ExperimentState& state, Timestamp since, Timestamp now,
                     std::size_t width);

/// What a recorded event says to somebody who watches, or "" for events that are details.
/// @param state  after the event
std::string ChangeLine(const ExperimentState& state, const Recorded& recorded);

/// What no trial has done while there is no best one: "has reported the objective 'loss'".
std::string NoBestText(const Objective& objective);

/// The end of `run` and the answer of `best`, several lines: how it ended, the best trial, its
/// objective and parameters, where its logs are.
std::string ResultText(const ExperimentState& state);

}  // namespace hone::cli
