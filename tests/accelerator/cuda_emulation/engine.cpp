// SPDX-License-Identifier: Apache-2.0
// The emulated runtime's headers stand before nvcc's in the search path of this target.
#include "algorithms/gp/cuda/engine.cu"
