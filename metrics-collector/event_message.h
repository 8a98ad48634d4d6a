// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/observation.h"

namespace hone {

/// Which scalars of an event file are metrics. A metric `dir/name` is the tag `name` in files whose
/// folder ends with the components `dir`; a metric without a slash is that tag in any folder. A tag
/// that is the whole name of a metric, slashes and all, is that metric in any folder. The `_1`,
/// `_2`, ... that TensorFlow 1 appends to a name that is taken is not part of the tag's name.
class EventMetrics {
 public:
  /// @param folder  of the event file, as the trial sees it
  EventMetrics(const std::vector<std::string>& metrics, std::string_view folder);
  /// Appends a record for each metric that the tag stands for.
  void Add(std::string_view tag, const MetricRecord& value, std::vector<MetricRecord>& out) const;

 private:
  struct Wanted {
    std::string metric;
    std::string tag;  ///< empty: no file of this folder has it but by the metric's whole name
  };
  std::vector<Wanted> wanted_;
};

/// Appends the scalars of one TensorFlow `Event` message: `simple_value`s, and tensors with one
/// number of type float, double, int32 or int64 that do not belong to a plugin other than
/// `scalars`. The step and the wall time go with them. The message is untrusted.
/// @returns  false if it is no well-formed message; nothing is appended then
/// @source   tensorflow/core/util/event.proto, framework/{summary,tensor}.proto; Protocol Buffers'
///           encoding
bool ParseEvent(std::string_view message, const EventMetrics& metrics,
                std::vector<MetricRecord>& out);

}  // namespace hone
