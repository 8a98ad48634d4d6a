// SPDX-License-Identifier: Apache-2.0

// A stand-in for NVIDIA's management library on a machine with three GPUs.
// NOLINTBEGIN(readability-identifier-naming): the names of the real one
extern "C" {
int nvmlInit_v2() {
  return 0;
}
int nvmlShutdown() {
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = 3;
  return 0;
}
}
// NOLINTEND(readability-identifier-naming)
