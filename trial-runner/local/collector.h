// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "core/collector_order.h"
#include "core/problem.h"
#include "trial-runner/local/plan.h"
#include "trial-runner/local/training.h"
#include "trial-runner/trial_runner.h"

/// The process that takes a trial's metrics beside it: hone-scrape for PrometheusMetric, hone-push
/// for Push and Custom.
namespace hone::local {

/// Everything about the collector that cannot be honoured on this machine.
void CheckCollector(const ExperimentSpec& spec, const LocalWork& work, Problems& problems);

/// Whether the program for it is installed.
void CheckPrograms(const ExperimentSpec& spec, const Surroundings& surroundings,
                   Problems& problems);

/// Gives an attempt the port that it needs: one of its own, or the declared one of PrometheusMetric
/// if the work never asks for another.
/// @param own_network  of the attempt: then no port is taken by anybody else
/// @errors kResourceExhausted, kUnavailable: somebody listens on the declared port
Status GivePort(const LocalWork& work, bool own_network, CollectorOrder& order);

/// Where trials run in containers: whether the image of a Custom collector is here.
void CheckCollectorImage(const ExperimentSpec& spec, const ContainerOptions& options,
                         Problems& problems);

/// Puts the collector's process into the plan of an attempt. @param spec  with its port given
/// @errors kNotFound: its program is not installed; kInvalidArgument
Status AddCollector(const LaunchSpec& spec, const Layout& layout, const Surroundings& surroundings,
                    LaunchPlan& plan);

}  // namespace hone::local
