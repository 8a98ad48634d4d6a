// SPDX-License-Identifier: Apache-2.0
// Says so when the processor lacks the instruction set that the program was built for, instead of
// dying of SIGILL. Compiled for the plainest x86-64 (apps/cli/CMakeLists.txt), and run before any
// other initialisation.
#include <unistd.h>

#include <cstring>

namespace {

#if defined(__x86_64__)
bool IsLevel(const char* level) {
  return std::strcmp(HONE_CPU_LEVEL, level) == 0;
}

// What each level has over the one before; clang 16 knows the features, but not the levels.
bool HasV2() {
  return __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("popcnt") != 0;
}
bool HasV3() {
  return HasV2() && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
         __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
}
bool HasV4() {
  return HasV3() && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0;
}

bool Supported() {
  __builtin_cpu_init();
  if (IsLevel("x86-64-v4")) {
    return HasV4();
  }
  if (IsLevel("x86-64-v3")) {
    return HasV3();
  }
  if (IsLevel("x86-64-v2")) {
    return HasV2();
  }
  return true;
}

__attribute__((constructor(101))) void CheckCpu() {
  if (Supported()) {
    return;
  }
  constexpr char kText[] = "hone: this processor cannot run a program built for " HONE_CPU_LEVEL
                           "; build it with -DHONE_CPU=x86-64\n";
  if (write(STDERR_FILENO, kText, sizeof kText - 1) < 0) {
    _exit(3);
  }
  _exit(2);
}
#endif

}  // namespace
