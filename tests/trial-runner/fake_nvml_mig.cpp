// SPDX-License-Identifier: Apache-2.0

// A stand-in for NVIDIA's management library on a machine with two GPUs, of which the second is cut
// into two MIG devices.
#include <cstdio>

namespace {
struct Memory {
  unsigned long long total, free, used;
};
int devices[4];  // two GPUs, two MIG devices
int NumberOf(void* device) {
  return static_cast<int>(static_cast<int*>(device) - devices);
}
}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names of the real one
extern "C" {
int nvmlInit_v2() {
  return 0;
}
int nvmlShutdown() {
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = 2;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device) {
  *device = &devices[index];
  return 0;
}
int nvmlDeviceGetMigMode(void* device, unsigned int* now, unsigned int* later) {
  *now = *later = NumberOf(device) == 1 ? 1 : 0;
  return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void* /*device*/, unsigned int* count) {
  *count = 7;
  return 0;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* /*device*/, unsigned int index, void** mig) {
  *mig = index < 2 ? &devices[2 + index] : nullptr;
  return index < 2 ? 0 : 6;  // not found
}
int nvmlDeviceGetUUID(void* device, char* text, unsigned int size) {
  std::snprintf(text, size, "MIG-%d", NumberOf(device));
  return 0;
}
int nvmlDeviceGetName(void* device, char* text, unsigned int size) {
  std::snprintf(text, size, "%s", NumberOf(device) < 2 ? "A100" : "A100 MIG 3g.20gb");
  return 0;
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  memory->total = (NumberOf(device) < 2 ? 40ULL : 20ULL) << 30;
  return 0;
}
}
// NOLINTEND(readability-identifier-naming)
