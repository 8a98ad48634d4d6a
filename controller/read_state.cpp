// SPDX-License-Identifier: Apache-2.0
#include "controller/read_state.h"

#include "core/ledger_check.h"
#include "core/transitions.h"

namespace hone {

Result<ExperimentState> ReadState(Ledger& ledger, const ExperimentId& id) {
  constexpr std::size_t kReadAtOnce = 4096;
  ExperimentState state;
  state.id = id;
  std::vector<Recorded> part;
  do {
    HONE_ASSIGN_OR_RETURN(part, ledger.Read(id, state.version, kReadAtOnce));
    for (const Recorded& recorded : part) {
      HONE_RETURN_IF_ERROR(CheckNext(state, recorded));
      Evolve(state, recorded);
    }
  } while (part.size() == kReadAtOnce);
  if (state.spec == nullptr) {
    return Fail(Code::kNotFound, "there is no such experiment");
  }
  return state;
}

}  // namespace hone
