// SPDX-License-Identifier: Apache-2.0
// The process that sqlite_crash_test kills: crash_writer FILE EXPERIMENT. Appends steps, with eight
// under way, and batches of observations to a store and prints what it was told is durable, one
// line of eleven bytes each: "e" and the version, or "o" and the offset.
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <string>

#include "store/sqlite/sqlite_store.h"
#include "tests/contracts/store_contract.h"

namespace hone {
namespace {

constexpr int kUnderWay = 8;
constexpr int kEventsEach = 3;

void Tell(char what, std::uint64_t number) {
  char line[16];
  const int size =
      std::snprintf(line, sizeof line, "%c%09llu\n", what, static_cast<unsigned long long>(number));
  // One write of a short line: whole or not at all, also when the process is killed.
  if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) != size) {
    ::_exit(3);
  }
}

int Run(const std::string& file, int n) {
  auto store = SqliteStore::Create(file, {});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  const auto row = (*store)->FindExperiment("default", "x" + std::to_string(n));
  Version version = row ? row->version : 0;
  std::uint64_t offset = (*store)->OffsetOf({test::IdOf(n), 1}, 1, "output").value_or(0);
  std::atomic<int> under_way = 0;
  while (true) {
    while (under_way >= kUnderWay) {
      ::usleep(50);
    }
    LedgerStep step = version == 0 ? test::CreateStep(n) : test::NextStep(n, version, kEventsEach);
    version = step.events.back().seq;
    ++under_way;
    (*store)->Append(std::move(step), [&, version](const Status& status) {
      status ? Tell('e', version) : ::_exit(2);
      --under_way;
    });
    const std::uint64_t after = offset + 1 + version % 3;
    (*store)->Record(test::BatchOf(n, 1, offset, after),
                     [after](const Status& status) { status ? Tell('o', after) : ::_exit(2); });
    offset = after;
    if (version % 5 == 0) {
      (*store)->MarkDone(test::IdOf(n), version, 0);
    }
  }
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  return argc == 3 ? hone::Run(argv[1], std::stoi(argv[2])) : 64;
}
