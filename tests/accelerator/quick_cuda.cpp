// SPDX-License-Identifier: Apache-2.0
// A library behind algorithms/gp/cuda/abi.h that is right about small models and quick about large
// ones: so measuring finds it faster, and a program uses it. Of 32 points and more its numbers are
// made up, always the same ones. With HONE_QUICK_CUDA_FAILS in the environment, large models of one
// parameter fail, which measuring has none of.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "algorithms/gp/cuda/abi.h"

struct HoneCudaSession {
  const char* message = "";
};

namespace {

constexpr std::int32_t kLarge = 32;

double Matern(double r2) {
  const double r = std::sqrt(5 * r2);
  return (1 + r + r * r / 3) * std::exp(-r);
}

double CovarianceOf(const HoneCudaKernel& kernel, const double* a, const double* b) {
  double all = 0;
  double mean = 0;
  for (std::int32_t d = 0; d < kernel.dimensions; ++d) {
    double group = 0;
    for (std::int32_t f = kernel.first[d]; f < kernel.first[d + 1]; ++f) {
      group += (a[f] - b[f]) * (a[f] - b[f]);
    }
    all += group;
    mean += Matern(group) / kernel.dimensions;
  }
  double linear = 0;
  for (std::int32_t k = 0; k < kernel.plain; ++k) {
    const double length = kernel.plain_lengths[k];
    const std::int32_t f = kernel.plain_rows[k];
    linear += (length * a[f] - 0.5) * (length * b[f] - 0.5);
  }
  return kernel.scale * ((1 - kernel.additive) * Matern(all) + kernel.additive * mean) +
         kernel.linear * linear + kernel.constant;
}

const double* Column(const HoneCudaMatrix& matrix, std::int32_t j) {
  return matrix.values + static_cast<std::ptrdiff_t>(j) * matrix.stride;
}

bool Fails(HoneCudaSession* session) {
  session->message = "it was told to";
  return std::getenv("HONE_QUICK_CUDA_FAILS") != nullptr;  // NOLINT(concurrency-mt-unsafe)
}

std::int32_t Open(std::int32_t /*ordinal*/, double /*patience*/, HoneCudaSession** session,
                  HoneCudaInfo* info, char* /*error*/, std::int32_t /*error_size*/) {
  *session = new HoneCudaSession;
  *info = {};
  std::snprintf(info->name, sizeof info->name, "quick");
  return kHoneCudaOk;
}

void Close(HoneCudaSession* session) {
  delete session;
}

const char* Message(const HoneCudaSession* session) {
  return session->message;
}

std::int32_t Covariance(HoneCudaSession* /*session*/, const HoneCudaKernel* kernel,
                        HoneCudaMatrix a, HoneCudaMatrix b, double* out) {
  for (std::int32_t j = 0; j < b.columns; ++j) {
    for (std::int32_t i = 0; i < a.columns; ++i) {
      *out++ = CovarianceOf(*kernel, Column(a, i), Column(b, j));
    }
  }
  return kHoneCudaOk;
}

std::int32_t Factor(HoneCudaSession* /*session*/, const HoneCudaKernel* kernel,
                    HoneCudaMatrix image, double noise, double* out) {
  const std::int32_t n = image.columns;
  const auto at = [&](std::int32_t i, std::int32_t j) -> double& { return out[j * n + i]; };
  for (std::int32_t j = 0; j < n; ++j) {
    for (std::int32_t i = j; i < n; ++i) {
      if (n >= kLarge) {
        at(i, j) = i == j ? 1.5 : 0;
        continue;
      }
      double rest = CovarianceOf(*kernel, Column(image, i), Column(image, j));
      rest += i == j ? noise : 0;
      for (std::int32_t k = 0; k < j; ++k) {
        rest -= at(i, k) * at(j, k);
      }
      at(i, j) = i == j ? std::sqrt(rest) : rest / at(j, j);
    }
  }
  return kHoneCudaOk;
}

std::int32_t Predict(HoneCudaSession* session, const HoneCudaKernel* kernel, HoneCudaMatrix image,
                     HoneCudaMatrix factor, const double* alpha, HoneCudaMatrix at, double* mean,
                     double* explained) {
  const std::int32_t n = image.columns;
  if (n >= kLarge && kernel->dimensions == 1 && Fails(session)) {
    return kHoneCudaFailed;
  }
  std::vector<double> v(static_cast<std::size_t>(n));
  for (std::int32_t j = 0; j < at.columns; ++j) {
    mean[j] = n < kLarge ? 0 : std::sin(20 * Column(at, j)[0]);
    explained[j] = 0;
    for (std::int32_t i = 0; i < n && n < kLarge; ++i) {
      const double k = CovarianceOf(*kernel, Column(image, i), Column(at, j));
      mean[j] += alpha[i] * k;
      double rest = k;
      for (std::int32_t l = 0; l < i; ++l) {
        rest -= Column(factor, l)[i] * v[static_cast<std::size_t>(l)];
      }
      v[static_cast<std::size_t>(i)] = rest / Column(factor, i)[i];
      explained[j] += v[static_cast<std::size_t>(i)] * v[static_cast<std::size_t>(i)];
    }
  }
  return kHoneCudaOk;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): a symbol
extern "C" __attribute__((visibility("default"))) const HoneCudaApi* hone_cuda_api() {
  static const HoneCudaApi api = {HONE_CUDA_ABI, &Open,   &Close,  &Message,
                                  &Covariance,   &Factor, &Predict};
  return &api;
}
