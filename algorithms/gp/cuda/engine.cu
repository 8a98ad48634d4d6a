// SPDX-License-Identifier: Apache-2.0
// libhone_cuda.so: the heavy parts of a Gaussian process on an NVIDIA device, behind abi.h.
//
// Every number is computed in double precision, by one thread in a fixed order or by cuBLAS and
// cuSOLVER on one stream with their reproducible modes: on one device with one version of the
// libraries the answers are the same bits every time. Not those of the processor, which sums in
// another order.
// Compiled by nvcc, and in tests/accelerator by the C++ compiler with an emulated runtime; so
// kernels know no shared memory and are launched by cudaLaunchKernelEx.
#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusolverDn.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <new>
#include <thread>

#include "algorithms/gp/cuda/abi.h"

namespace hone::cuda {

constexpr unsigned kThreads = 128;  // of a block
// How long a processor waits busily, and how long it sleeps then: work of some milliseconds is to
// be noticed at once, and longer work is no reason to keep a core.
constexpr std::chrono::milliseconds kSpin(5);
constexpr std::chrono::microseconds kNap(100);
constexpr double kRoot5 = 2.23606797749978969641;

/// HoneCudaKernel with pointers into the device's memory.
struct Kernel {
  double scale, additive, linear, constant;
  int features, dimensions, plain;
  const int* first;
  const int* plain_rows;
  const double* plain_lengths;
};

__device__ double Matern52(double r2) {
  const double r = kRoot5 * sqrt(r2);
  return (1 + r + r * r / 3) * exp(-r);
}

__device__ double CovarianceOf(const Kernel& kernel, const double* a, const double* b) {
  double r2 = 0;
  double one_by_one = 0;
  for (int d = 0; d < kernel.dimensions; ++d) {
    double of_dimension = 0;
    for (int f = kernel.first[d]; f < kernel.first[d + 1]; ++f) {
      const double apart = a[f] - b[f];
      of_dimension += apart * apart;
    }
    r2 += of_dimension;
    if (kernel.additive > 0) {
      one_by_one += Matern52(of_dimension);
    }
  }
  double linear = 0;
  for (int k = 0; k < kernel.plain; ++k) {
    const int f = kernel.plain_rows[k];
    const double length = kernel.plain_lengths[k];
    linear += (length * a[f] - 0.5) * (length * b[f] - 0.5);
  }
  return kernel.scale * ((1 - kernel.additive) * Matern52(r2) +
                         kernel.additive * one_by_one / kernel.dimensions) +
         kernel.linear * linear + kernel.constant;
}

/// @param noise  added where a column of one meets the same column of the other
__global__ void CovarianceMatrix(Kernel kernel, const double* a, int rows, const double* b,
                                 int columns, double noise, double* out) {
  const long long at = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= static_cast<long long>(rows) * columns) {
    return;
  }
  const int i = static_cast<int>(at % rows);
  const int j = static_cast<int>(at / rows);
  const double value = CovarianceOf(kernel, a + static_cast<long long>(i) * kernel.features,
                                    b + static_cast<long long>(j) * kernel.features);
  out[at] = i == j ? value + noise : value;
}

__global__ void SquaredNorms(const double* matrix, int rows, int columns, double* norms) {
  const int j = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (j >= columns) {
    return;
  }
  const double* const column = matrix + static_cast<long long>(j) * rows;
  double sum = 0;
  for (int i = 0; i < rows; ++i) {
    sum += column[i] * column[i];
  }
  norms[j] = sum;
}

/// Memory of the device that grows with what is asked of it.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { cudaFree(data_); }

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] cudaError_t Reserve(std::size_t count) {
    if (count <= size_) {
      return cudaSuccess;
    }
    cudaFree(data_);
    data_ = nullptr;
    size_ = 0;
    const cudaError_t error = cudaMalloc(reinterpret_cast<void**>(&data_), count * sizeof(T));
    size_ = error == cudaSuccess ? count : 0;
    return error;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

std::size_t Cells(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

}  // namespace hone::cuda

// A step that fails ends the call; what was enqueued before does no harm.
#define HONE_TRY(call)                                    \
  if (const int status = (call); status != kHoneCudaOk) { \
    return status;                                        \
  }                                                       \
  static_assert(true)

struct HoneCudaSession {
  HoneCudaSession() = default;
  HoneCudaSession(const HoneCudaSession&) = delete;
  HoneCudaSession& operator=(const HoneCudaSession&) = delete;
  ~HoneCudaSession() {
    if (stream_ != nullptr) {
      cudaSetDevice(ordinal_);
      cudaStreamSynchronize(stream_);
    }
    if (solver_ != nullptr) {
      cusolverDnDestroy(solver_);
    }
    if (blas_ != nullptr) {
      cublasDestroy(blas_);
    }
    if (stream_ != nullptr) {
      cudaStreamDestroy(stream_);
    }
  }

  [[nodiscard]] const char* message() const { return message_; }

  /// The device did not come to an end: whoever waits for it, or frees its memory, waits forever.
  [[nodiscard]] bool hung() const { return hung_; }

  int Open(int ordinal, double patience_seconds, HoneCudaInfo& info) {
    patience_ = std::chrono::duration<double>(patience_seconds);
    int count = 0;
    const cudaError_t found = cudaGetDeviceCount(&count);
    if (found != cudaSuccess || count == 0) {
      const char* const why =
          found == cudaSuccess ? "the driver offers none" : cudaGetErrorString(found);
      return Say(kHoneCudaNoDevice, "no CUDA device", why);
    }
    if (ordinal < 0 || ordinal >= count) {
      return Say(kHoneCudaNoDevice, "no CUDA device of that number", "there are fewer");
    }
    ordinal_ = ordinal;
    HONE_TRY(Begin());
    HONE_TRY(Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream"));
    HONE_TRY(Check(cublasCreate(&blas_), "cuBLAS"));
    HONE_TRY(Check(cublasSetStream(blas_, stream_), "cuBLAS"));
    HONE_TRY(Check(cublasSetMathMode(blas_, CUBLAS_PEDANTIC_MATH), "cuBLAS"));
    HONE_TRY(Check(cusolverDnCreate(&solver_), "cuSOLVER"));
    HONE_TRY(Check(cusolverDnSetStream(solver_, stream_), "cuSOLVER"));
    HONE_TRY(
        Check(cusolverDnSetDeterministicMode(solver_, CUSOLVER_DETERMINISTIC_RESULTS), "cuSOLVER"));
    return Describe(info);
  }

  int Covariance(const HoneCudaKernel& kernel, HoneCudaMatrix a, HoneCudaMatrix b, double* out) {
    HONE_TRY(Begin());
    HONE_TRY(SetKernel(kernel));
    HONE_TRY(Upload(a, kernel.features, image_));
    HONE_TRY(Upload(b, kernel.features, at_));
    HONE_TRY(Fill(a.columns, at_.data(), b.columns, 0));
    HONE_TRY(End());
    return Download(covariance_.data(), hone::cuda::Cells(a.columns, b.columns), out);
  }

  int Factor(const HoneCudaKernel& kernel, HoneCudaMatrix image, double noise, double* out) {
    const int n = image.columns;
    HONE_TRY(Begin());
    HONE_TRY(SetKernel(kernel));
    HONE_TRY(Upload(image, kernel.features, image_));
    HONE_TRY(Fill(n, image_.data(), n, noise));
    int work = 0;
    HONE_TRY(Check(cusolverDnDpotrf_bufferSize(solver_, CUBLAS_FILL_MODE_LOWER, n,
                                               covariance_.data(), n, &work),
                   "a factor"));
    HONE_TRY(Check(work_.Reserve(static_cast<std::size_t>(std::max(work, 1))), "room"));
    HONE_TRY(Check(info_.Reserve(1), "room"));
    HONE_TRY(Check(cusolverDnDpotrf(solver_, CUBLAS_FILL_MODE_LOWER, n, covariance_.data(), n,
                                    work_.data(), work, info_.data()),
                   "a factor"));
    HONE_TRY(End());
    int failed_at = 0;
    HONE_TRY(Download(info_.data(), 1, &failed_at));
    HONE_TRY(Download(covariance_.data(), hone::cuda::Cells(n, n), out));
    return failed_at == 0 ? kHoneCudaOk
                          : Say(kHoneCudaNotPositiveDefinite, "a factor", "not positive definite");
  }

  int Predict(const HoneCudaKernel& kernel, HoneCudaMatrix image, HoneCudaMatrix factor,
              const double* alpha, HoneCudaMatrix at, double* mean, double* explained) {
    const int n = image.columns;
    const int m = at.columns;
    const double one = 1;
    const double zero = 0;
    HONE_TRY(Begin());
    HONE_TRY(SetKernel(kernel));
    HONE_TRY(Upload(image, kernel.features, image_));
    HONE_TRY(Upload(at, kernel.features, at_));
    HONE_TRY(Upload(factor, n, factor_));
    HONE_TRY(Upload({alpha, 1, n}, n, alpha_));
    HONE_TRY(Fill(n, at_.data(), m, 0));
    HONE_TRY(Check(mean_.Reserve(static_cast<std::size_t>(m)), "room"));
    HONE_TRY(Check(explained_.Reserve(static_cast<std::size_t>(m)), "room"));
    HONE_TRY(Check(cublasDgemv(blas_, CUBLAS_OP_T, n, m, &one, covariance_.data(), n, alpha_.data(),
                               1, &zero, mean_.data(), 1),
                   "means"));
    HONE_TRY(Check(
        cublasDtrsm(blas_, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                    CUBLAS_DIAG_NON_UNIT, n, m, &one, factor_.data(), n, covariance_.data(), n),
        "variances"));
    HONE_TRY(Launch(hone::cuda::SquaredNorms, static_cast<std::size_t>(m),
                    static_cast<const double*>(covariance_.data()), n, m, explained_.data()));
    HONE_TRY(End());
    HONE_TRY(Download(mean_.data(), static_cast<std::size_t>(m), mean));
    return Download(explained_.data(), static_cast<std::size_t>(m), explained);
  }

 private:
  template <class T>
  using Buffer = hone::cuda::Buffer<T>;

  int Say(int status, const char* what, const char* why) {
    std::snprintf(message_, sizeof message_, "%s: %s", what, why);
    return status;
  }
  int Check(cudaError_t error, const char* what) {
    if (error == cudaSuccess) {
      return kHoneCudaOk;
    }
    const bool room = error == cudaErrorMemoryAllocation;
    return Say(room ? kHoneCudaOutOfMemory : kHoneCudaFailed, what, cudaGetErrorString(error));
  }
  int Check(cublasStatus_t status, const char* what) {
    if (status == CUBLAS_STATUS_SUCCESS) {
      return kHoneCudaOk;
    }
    const bool room = status == CUBLAS_STATUS_ALLOC_FAILED;
    return Say(room ? kHoneCudaOutOfMemory : kHoneCudaFailed, what, cublasGetStatusString(status));
  }
  int Check(cusolverStatus_t status, const char* what) {
    if (status == CUSOLVER_STATUS_SUCCESS) {
      return kHoneCudaOk;
    }
    char text[40];
    std::snprintf(text, sizeof text, "cuSOLVER's status %d", static_cast<int>(status));
    const bool room = status == CUSOLVER_STATUS_ALLOC_FAILED;
    return Say(room ? kHoneCudaOutOfMemory : kHoneCudaFailed, what, text);
  }

  int Describe(HoneCudaInfo& info) {
    cudaDeviceProp properties;
    HONE_TRY(Check(cudaGetDeviceProperties(&properties, ordinal_), "the device"));
    std::snprintf(info.name, sizeof info.name, "%s", properties.name);
    info.major = properties.major;
    info.minor = properties.minor;
    info.memory_bytes = properties.totalGlobalMem;
    HONE_TRY(Check(cudaRuntimeGetVersion(&info.runtime), "the runtime"));
    HONE_TRY(Check(cudaDriverGetVersion(&info.driver), "the driver"));
    HONE_TRY(Check(cublasGetVersion(blas_, &info.cublas), "cuBLAS"));
    return Check(cusolverGetVersion(&info.cusolver), "cuSOLVER");
  }

  /// A thread has a current device of its own.
  int Begin() { return Check(cudaSetDevice(ordinal_), "the device"); }
  /// Waits for what was enqueued; its faults come out here. Before anything is copied back, since
  /// those copies wait without an end.
  int End() {
    const auto begin = std::chrono::steady_clock::now();
    cudaError_t state = cudaStreamQuery(stream_);
    for (; state == cudaErrorNotReady; state = cudaStreamQuery(stream_)) {
      const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
      if (waited > patience_) {
        hung_ = true;
        return Say(kHoneCudaFailed, "the device", "it does not come to an end");
      }
      if (waited > hone::cuda::kSpin) {
        std::this_thread::sleep_for(hone::cuda::kNap);
      }
    }
    return Check(state, "the device");
  }

  int SetKernel(const HoneCudaKernel& kernel) {
    const auto groups = static_cast<std::size_t>(kernel.dimensions) + 1;
    const auto plain = static_cast<std::size_t>(kernel.plain);
    HONE_TRY(Upload(kernel.first, groups, first_));
    HONE_TRY(Upload(kernel.plain_rows, plain, plain_rows_));
    HONE_TRY(Upload(kernel.plain_lengths, plain, plain_lengths_));
    kernel_ = {kernel.scale,       kernel.additive,      kernel.linear, kernel.constant,
               kernel.features,    kernel.dimensions,    kernel.plain,  first_.data(),
               plain_rows_.data(), plain_lengths_.data()};
    return kHoneCudaOk;
  }

  template <class T>
  int Upload(const T* from, std::size_t count, Buffer<T>& to) {
    if (count == 0) {
      return kHoneCudaOk;
    }
    HONE_TRY(Check(to.Reserve(count), "room"));
    return Check(
        cudaMemcpyAsync(to.data(), from, count * sizeof(T), cudaMemcpyHostToDevice, stream_),
        "a copy to the device");
  }
  /// Without what lies between the columns.
  int Upload(HoneCudaMatrix from, int rows, Buffer<double>& to) {
    const auto row_bytes = static_cast<std::size_t>(rows) * sizeof(double);
    HONE_TRY(Check(to.Reserve(hone::cuda::Cells(rows, from.columns)), "room"));
    return Check(
        cudaMemcpy2DAsync(to.data(), row_bytes, from.values,
                          static_cast<std::size_t>(from.stride) * sizeof(double), row_bytes,
                          static_cast<std::size_t>(from.columns), cudaMemcpyHostToDevice, stream_),
        "a copy to the device");
  }
  template <class T>
  int Download(const T* from, std::size_t count, T* to) {
    HONE_TRY(Check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToHost, stream_),
                   "a copy from the device"));
    return Check(cudaStreamSynchronize(stream_), "the device");
  }

  /// covariance_ of the columns of image_ with those of b.
  int Fill(int rows, const double* b, int columns, double noise) {
    HONE_TRY(Check(covariance_.Reserve(hone::cuda::Cells(rows, columns)), "room"));
    return Launch(hone::cuda::CovarianceMatrix, hone::cuda::Cells(rows, columns), kernel_,
                  static_cast<const double*>(image_.data()), rows, b, columns, noise,
                  covariance_.data());
  }

  template <class... Parameters, class... Arguments>
  int Launch(void (*kernel)(Parameters...), std::size_t threads, Arguments... arguments) {
    cudaLaunchConfig_t config = {};
    config.gridDim =
        dim3(static_cast<unsigned>((threads + hone::cuda::kThreads - 1) / hone::cuda::kThreads));
    config.blockDim = dim3(hone::cuda::kThreads);
    config.stream = stream_;
    return Check(cudaLaunchKernelEx(&config, kernel, arguments...), "a kernel");
  }

  int ordinal_ = 0;
  std::chrono::duration<double> patience_{};
  bool hung_ = false;
  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  cusolverDnHandle_t solver_ = nullptr;
  hone::cuda::Kernel kernel_ = {};
  Buffer<int> first_, plain_rows_, info_;
  Buffer<double> plain_lengths_, image_, at_, factor_, alpha_, covariance_, mean_, explained_,
      work_;
  char message_[400] = "";
};

namespace {

int32_t Open(int32_t ordinal, double patience_seconds, HoneCudaSession** session,
             HoneCudaInfo* info, char* error, int32_t error_size) {
  *session = nullptr;
  auto* const opened = new (std::nothrow) HoneCudaSession;
  if (opened == nullptr) {
    std::snprintf(error, static_cast<std::size_t>(error_size), "no memory");
    return kHoneCudaOutOfMemory;
  }
  const int status = opened->Open(ordinal, patience_seconds, *info);
  if (status != kHoneCudaOk) {
    std::snprintf(error, static_cast<std::size_t>(error_size), "%s", opened->message());
    delete opened;
    return status;
  }
  *session = opened;
  return kHoneCudaOk;
}

void Close(HoneCudaSession* session) {
  if (!session->hung()) {
    delete session;
    return;
  }
  static std::atomic<HoneCudaSession*> left_alone;  // in reach, so that it counts as no leak
  left_alone = session;
}

const char* Message(const HoneCudaSession* session) {
  return session->message();
}

int32_t Covariance(HoneCudaSession* session, const HoneCudaKernel* kernel, HoneCudaMatrix a,
                   HoneCudaMatrix b, double* out) {
  return session->Covariance(*kernel, a, b, out);
}

int32_t Factor(HoneCudaSession* session, const HoneCudaKernel* kernel, HoneCudaMatrix image,
               double noise, double* out) {
  return session->Factor(*kernel, image, noise, out);
}

int32_t Predict(HoneCudaSession* session, const HoneCudaKernel* kernel, HoneCudaMatrix image,
                HoneCudaMatrix factor, const double* alpha, HoneCudaMatrix at, double* mean,
                double* explained) {
  return session->Predict(*kernel, image, factor, alpha, at, mean, explained);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): a symbol
extern "C" __attribute__((visibility("default"))) const HoneCudaApi* hone_cuda_api(void) {
  static const HoneCudaApi api = {HONE_CUDA_ABI, &Open,   &Close,  &Message,
                                  &Covariance,   &Factor, &Predict};
  return &api;
}
