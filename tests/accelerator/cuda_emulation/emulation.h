// SPDX-License-Identifier: Apache-2.0
// What tests can ask of the emulated device, and what the emulated libraries share.
#pragma once

#include <cstddef>

// NOLINTBEGIN(readability-identifier-naming): names of NVIDIA's, and of symbols

namespace hone::emulation {

/// Counts one call of CUDA; true if it is one that shall fail.
bool Fails();
bool IsStream(const void* stream);
/// Whether all of that memory lies in one allocation of the device's.
bool IsOnDevice(const void* memory, std::size_t bytes);

}  // namespace hone::emulation

extern "C" {
/// From the k-th call of CUDA on (1: the next one), all fail; 0: none does.
void hone_emulated_fail_from(long k);
/// Calls since that was last said.
long hone_emulated_calls();
/// Allocations, streams and handles that were made and not given back.
long hone_emulated_alive();
/// Whether work never comes to an end from now on.
void hone_emulated_hang(bool hangs);
/// Frees all that is alive, after a session that was left as it was.
void hone_emulated_forget();
/// Devices that the driver offers; 1 unless this was called.
void hone_emulated_devices(int count);
}

// NOLINTEND(readability-identifier-naming)
