// SPDX-License-Identifier: Apache-2.0
#include "controller/read_state.h"

#include <iterator>
#include <utility>

#include "core/ledger_check.h"
#include "core/spec_codec.h"
#include "core/transitions.h"

namespace hone {
namespace {

constexpr std::size_t kReadAtOnce = 4096;

Status EvolveBy(const std::vector<Recorded>& events, ExperimentState& state) {
  for (const Recorded& recorded : events) {
    HONE_RETURN_IF_ERROR(CheckNext(state, recorded));
    Evolve(state, recorded);
  }
  return {};
}

}  // namespace

Result<std::vector<Recorded>> ReadLedger(Ledger& ledger, const ExperimentId& id) {
  std::vector<Recorded> all;
  bool more = true;
  while (more) {
    HONE_ASSIGN_OR_RETURN(auto part,
                          ledger.Read(id, all.empty() ? 0 : all.back().seq, kReadAtOnce));
    more = part.size() == kReadAtOnce;
    all.insert(all.end(), std::make_move_iterator(part.begin()),
               std::make_move_iterator(part.end()));
  }
  return all;
}

Status CatchUp(Ledger& ledger, ExperimentState& state) {
  std::vector<Recorded> part;
  do {
    HONE_ASSIGN_OR_RETURN(part, ledger.Read(state.id, state.version, kReadAtOnce));
    HONE_RETURN_IF_ERROR(EvolveBy(part, state));
  } while (part.size() == kReadAtOnce);
  return state.spec == nullptr ? Fail(Code::kNotFound, "there is no such experiment") : Status();
}

Result<ExperimentState> ReadState(Ledger& ledger, const ExperimentId& id) {
  ExperimentState state;
  state.id = id;
  HONE_RETURN_IF_ERROR(CatchUp(ledger, state));
  return state;
}

Result<ExperimentSpec> ReadSpec(Ledger& ledger, const ExperimentId& id) {
  HONE_ASSIGN_OR_RETURN(const auto first, ledger.Read(id, 0, 1));
  const auto* const created =
      first.empty() ? nullptr : std::get_if<event::ExperimentCreated>(&first.front().event);
  if (created == nullptr) {
    return Fail(Code::kNotFound, "there is no such experiment");
  }
  return DecodeStoredSpec(created->document);
}

}  // namespace hone
