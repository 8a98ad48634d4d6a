// SPDX-License-Identifier: Apache-2.0
// A kind of event, a zero byte, and the payload as it stands in a ledger.
#include "base/check.h"
#include "core/event_codec.h"
#include "tests/fuzz/fuzz.h"

void hone::fuzz::FuzzOne(std::string_view input) {
  const std::string_view kind = TakePart(input);
  const auto event = DecodeEvent(kind, input);
  if (!event.has_value()) {
    return;
  }
  const std::string stored = EncodeEvent(*event);
  const auto again = DecodeEvent(EventKind(*event), stored);
  HONE_CHECK(again.has_value(), "an encoded event decodes");
  HONE_CHECK(EncodeEvent(*again) == stored, "an event survives being stored");
}
