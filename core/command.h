// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "core/event.h"
#include "core/ids.h"

namespace hone {

enum class StopMode { kCheckpointFirst, kTerminate };

namespace command {

/// Ask the search algorithm for one answer to each number of a reservation. Not stored: a standing
/// reservation without answers says the same.
struct AskSuggester {
  Version reservation = 0;
  TrialNumber first = 0;
  std::uint32_t count = 0;
  bool operator==(const AskSuggester&) const = default;
};

/// Start an attempt. Stored in the outbox until done.
struct Launch {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  bool operator==(const Launch&) const = default;
};

/// End an attempt. Stored in the outbox until done.
struct Stop {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  StopMode mode = StopMode::kTerminate;
  bool operator==(const Stop&) const = default;
};

}  // namespace command

using Command = std::variant<command::AskSuggester, command::Launch, command::Stop>;

/// Whether the command survives a crash in the outbox.
bool IsDurable(const Command& command);
/// JSON of a durable command: {"do":"launch","trial":7,"attempt":1}.
std::string EncodeCommand(const Command& command);
/// @errors kDataLoss
Result<Command> DecodeCommand(std::string_view payload);

/// What the core decided: first record the events, then carry out the commands.
struct Decision {
  std::vector<Event> events;
  std::vector<Command> commands;
  bool operator==(const Decision&) const = default;
};

}  // namespace hone
