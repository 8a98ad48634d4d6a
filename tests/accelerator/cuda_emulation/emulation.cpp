// SPDX-License-Identifier: Apache-2.0
#include "tests/accelerator/cuda_emulation/emulation.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include "tests/accelerator/cuda_emulation/cusolverDn.h"

// NOLINTBEGIN(readability-identifier-naming): names of NVIDIA's, and of symbols

thread_local dim3 blockIdx;
thread_local dim3 blockDim;
thread_local dim3 threadIdx;

namespace {

using Eigen::MatrixXd;
using hone::emulation::Fails;
using hone::emulation::IsOnDevice;
using hone::emulation::IsStream;
using Matrix = Eigen::Map<MatrixXd, 0, Eigen::OuterStride<>>;
using ConstMatrix = Eigen::Map<const MatrixXd, 0, Eigen::OuterStride<>>;

/// A session's calls come from one thread at a time, and tests have one session at a time.
struct State {
  long fail_from = 0;
  long calls = 0;
  int devices = 1;
  bool hangs = false;
  std::map<const char*, std::size_t> memory;
  std::set<const void*> handles;
};

State& Emulated() {
  static State state;
  return state;
}

template <class Handle>
Handle NewHandle() {
  void* const memory = std::malloc(1);
  Emulated().handles.insert(memory);
  return static_cast<Handle>(memory);
}

bool IsHandle(const void* handle) {
  return Emulated().handles.contains(handle);
}

bool FreeHandle(void* handle) {
  if (Emulated().handles.erase(handle) == 0) {
    return false;
  }
  std::free(handle);
  return true;
}

/// Bytes that a matrix of doubles takes from its first to its last element.
std::size_t Extent(int rows, int columns, int stride) {
  const auto before = static_cast<std::size_t>(columns - 1) * static_cast<std::size_t>(stride);
  return (before + static_cast<std::size_t>(rows)) * sizeof(double);
}

bool IsMatrix(const double* a, int rows, int columns, int stride) {
  return rows > 0 && columns > 0 && stride >= rows && IsOnDevice(a, Extent(rows, columns, stride));
}

}  // namespace

namespace hone::emulation {

bool Fails() {
  State& state = Emulated();
  ++state.calls;
  return state.fail_from > 0 && state.calls >= state.fail_from;
}

bool IsStream(const void* stream) {
  return IsHandle(stream);
}

bool IsOnDevice(const void* memory, std::size_t bytes) {
  const auto* const at = static_cast<const char*>(memory);
  const auto after = Emulated().memory.upper_bound(at);
  if (after == Emulated().memory.begin()) {
    return false;
  }
  const auto& [begin, size] = *std::prev(after);
  return at + bytes <= begin + size;
}

}  // namespace hone::emulation

extern "C" {
void hone_emulated_fail_from(long k) {
  Emulated().fail_from = k;
  Emulated().calls = 0;
}
long hone_emulated_calls() {
  return Emulated().calls;
}
long hone_emulated_alive() {
  return std::ssize(Emulated().memory) + std::ssize(Emulated().handles);
}
void hone_emulated_hang(bool hangs) {
  Emulated().hangs = hangs;
}
void hone_emulated_forget() {
  for (const auto& [memory, size] : Emulated().memory) {
    std::free(const_cast<char*>(memory));
  }
  for (const void* const handle : Emulated().handles) {
    std::free(const_cast<void*>(handle));
  }
  Emulated().memory.clear();
  Emulated().handles.clear();
}
void hone_emulated_devices(int count) {
  Emulated().devices = count;
}
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorNotReady:
      return "device not ready";
    case cudaErrorIllegalAddress:
      return "an illegal memory access was encountered";
  }
  return "unrecognized error code";
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = Emulated().devices;
  return Fails() || *count == 0 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t cudaSetDevice(int ordinal) {
  return Fails() || ordinal >= Emulated().devices ? cudaErrorInvalidValue : cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int /*ordinal*/) {
  if (Fails()) {
    return cudaErrorInvalidValue;
  }
  std::snprintf(properties->name, sizeof properties->name, "emulated");
  properties->major = 9;
  properties->minor = 0;
  properties->totalGlobalMem = std::size_t{1} << 30;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return Fails() ? cudaErrorInvalidValue : cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return Fails() ? cudaErrorInvalidValue : cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned /*flags*/) {
  if (Fails()) {
    return cudaErrorInvalidValue;
  }
  *stream = NewHandle<cudaStream_t>();
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return FreeHandle(stream) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return Fails() || !IsStream(stream) ? cudaErrorIllegalAddress : cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  if (Fails() || !IsStream(stream)) {
    return cudaErrorIllegalAddress;
  }
  return Emulated().hangs ? cudaErrorNotReady : cudaSuccess;
}

/// Full of NaN, so that what nobody wrote shows.
cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  if (Fails() || bytes == 0) {
    return cudaErrorMemoryAllocation;
  }
  auto* const made = static_cast<char*>(std::malloc(bytes));
  std::memset(made, 0xff, bytes);
  Emulated().memory[made] = bytes;
  *memory = made;
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  if (memory == nullptr) {
    return cudaSuccess;
  }
  if (Emulated().memory.erase(static_cast<const char*>(memory)) == 0) {
    return cudaErrorInvalidValue;
  }
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return cudaMemcpy2DAsync(to, bytes, from, bytes, bytes, 1, kind, stream);
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream) {
  const bool up = kind == cudaMemcpyHostToDevice;
  const std::size_t to_bytes = (height - 1) * to_pitch + width;
  const std::size_t from_bytes = (height - 1) * from_pitch + width;
  const bool right_places = IsOnDevice(to, to_bytes) == up && IsOnDevice(from, from_bytes) != up;
  if (Fails() || !IsStream(stream) || to_pitch < width || from_pitch < width || !right_places) {
    return cudaErrorInvalidValue;
  }
  for (std::size_t row = 0; row < height; ++row) {
    std::memcpy(static_cast<char*>(to) + row * to_pitch,
                static_cast<const char*>(from) + row * from_pitch, width);
  }
  return cudaSuccess;
}

const char* cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "the operation completed" : "the library failed";
}

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  if (Fails()) {
    return CUBLAS_STATUS_ALLOC_FAILED;
  }
  *handle = NewHandle<cublasHandle_t>();
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  return FreeHandle(handle) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasGetVersion(cublasHandle_t handle, int* version) {
  *version = 130100;
  return Fails() || !IsHandle(handle) ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  const bool fit = IsHandle(handle) && IsStream(stream);
  return Fails() || !fit ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t /*mode*/) {
  return Fails() || !IsHandle(handle) ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}

/// y = alpha op(A) x + beta y, A of m rows and n columns.
cublasStatus_t cublasDgemv(cublasHandle_t handle, cublasOperation_t operation, int m, int n,
                           const double* alpha, const double* a, int lda, const double* x, int incx,
                           const double* beta, double* y, int incy) {
  const bool flipped = operation == CUBLAS_OP_T;
  const int in = flipped ? m : n;
  const int out = flipped ? n : m;
  if (Fails() || !IsHandle(handle) || !IsMatrix(a, m, n, lda) || incx != 1 || incy != 1 ||
      !IsMatrix(x, in, 1, in) || !IsMatrix(y, out, 1, out)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const ConstMatrix matrix(a, m, n, Eigen::OuterStride<>(lda));
  const Eigen::Map<const Eigen::VectorXd> from(x, in);
  Eigen::Map<Eigen::VectorXd> to(y, out);
  const Eigen::VectorXd before = *beta == 0 ? Eigen::VectorXd::Zero(out) : Eigen::VectorXd(to);
  const Eigen::VectorXd product =
      flipped ? Eigen::VectorXd(matrix.transpose() * from) : Eigen::VectorXd(matrix * from);
  to = *alpha * product + *beta * before;
  return CUBLAS_STATUS_SUCCESS;
}

/// B = alpha op(A)^-1 B, or alpha B op(A)^-1; B of m rows and n columns.
cublasStatus_t cublasDtrsm(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t fill,
                           cublasOperation_t operation, cublasDiagType_t diagonal, int m, int n,
                           const double* alpha, const double* a, int lda, double* b, int ldb) {
  const int order = side == CUBLAS_SIDE_LEFT ? m : n;
  if (Fails() || !IsHandle(handle) || !IsMatrix(a, order, order, lda) || !IsMatrix(b, m, n, ldb)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const ConstMatrix stored(a, order, order, Eigen::OuterStride<>(lda));
  MatrixXd triangle = fill == CUBLAS_FILL_MODE_LOWER
                          ? MatrixXd(stored.triangularView<Eigen::Lower>())
                          : MatrixXd(stored.triangularView<Eigen::Upper>());
  if (diagonal == CUBLAS_DIAG_UNIT) {
    triangle.diagonal().setOnes();
  }
  if (operation == CUBLAS_OP_T) {
    triangle.transposeInPlace();
  }
  Matrix right(b, m, n, Eigen::OuterStride<>(ldb));
  const MatrixXd from = *alpha * MatrixXd(right);
  if (side == CUBLAS_SIDE_LEFT) {
    right = triangle.partialPivLu().solve(from);
  } else {
    const MatrixXd flipped = triangle.transpose();
    right = MatrixXd(flipped.partialPivLu().solve(from.transpose())).transpose();
  }
  return CUBLAS_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
  if (Fails()) {
    return CUSOLVER_STATUS_ALLOC_FAILED;
  }
  *handle = NewHandle<cusolverDnHandle_t>();
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
  return FreeHandle(handle) ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_INVALID_VALUE;
}

cusolverStatus_t cusolverGetVersion(int* version) {
  *version = 12004;
  return Fails() ? CUSOLVER_STATUS_INVALID_VALUE : CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  const bool fit = IsHandle(handle) && IsStream(stream);
  return Fails() || !fit ? CUSOLVER_STATUS_INVALID_VALUE : CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSetDeterministicMode(cusolverDnHandle_t handle,
                                                cusolverDeterministicMode_t /*mode*/) {
  return Fails() || !IsHandle(handle) ? CUSOLVER_STATUS_INVALID_VALUE : CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDpotrf_bufferSize(cusolverDnHandle_t handle, cublasFillMode_t /*fill*/,
                                             int n, double* a, int lda, int* work) {
  *work = n;
  const bool fit = IsHandle(handle) && IsMatrix(a, n, n, lda);
  return Fails() || !fit ? CUSOLVER_STATUS_INVALID_VALUE : CUSOLVER_STATUS_SUCCESS;
}

/// Only the named triangle is read and written.
cusolverStatus_t cusolverDnDpotrf(cusolverDnHandle_t handle, cublasFillMode_t fill, int n,
                                  double* a, int lda, double* work, int work_size, int* info) {
  const bool fit = IsHandle(handle) && IsMatrix(a, n, n, lda) && work_size >= n &&
                   IsMatrix(work, n, 1, n) && IsOnDevice(info, sizeof(int));
  if (Fails() || !fit) {
    return CUSOLVER_STATUS_INVALID_VALUE;
  }
  Matrix matrix(a, n, n, Eigen::OuterStride<>(lda));
  const bool lower = fill == CUBLAS_FILL_MODE_LOWER;
  MatrixXd whole = lower ? MatrixXd(matrix.selfadjointView<Eigen::Lower>())
                         : MatrixXd(matrix.selfadjointView<Eigen::Upper>());
  const Eigen::LLT<MatrixXd> llt(whole);
  *info = llt.info() == Eigen::Success ? 0 : 1;
  if (*info == 0 && lower) {
    matrix.triangularView<Eigen::Lower>() = MatrixXd(llt.matrixL());
  } else if (*info == 0) {
    matrix.triangularView<Eigen::Upper>() = MatrixXd(llt.matrixU());
  }
  return CUSOLVER_STATUS_SUCCESS;
}

// NOLINTEND(readability-identifier-naming)
