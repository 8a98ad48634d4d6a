// SPDX-License-Identifier: Apache-2.0
/* What libhone_cuda.so offers to hone: plain C, so that neither needs the other's compiler or
 * libraries. Matrices are column by column; all pointers are to memory of the host. */
#pragma once

#include <stdint.h>  // NOLINT(modernize-deprecated-headers): C

#ifdef __cplusplus
extern "C" {
#endif

/* Raised with every change of this file; the two sides must agree. */
#define HONE_CUDA_ABI 1
/* The library's only symbol: const HoneCudaApi* hone_cuda_api(void). */
#define HONE_CUDA_SYMBOL "hone_cuda_api"

enum HoneCudaStatus {
  kHoneCudaOk = 0,
  kHoneCudaNoDevice = 1,            /* no driver, or it offers no device */
  kHoneCudaNotPositiveDefinite = 2, /* an answer like any other: the device is fine */
  kHoneCudaOutOfMemory = 3,
  kHoneCudaFailed = 4 /* whatever else; the session is of no use any more */
};

typedef struct HoneCudaInfo { /* NOLINT(modernize-use-using) */
  char name[256];
  int32_t major, minor; /* compute capability */
  int32_t runtime;      /* version of the CUDA runtime, 1000 major + 10 minor */
  int32_t driver;       /* the newest that the driver can do, likewise */
  int32_t cublas, cusolver;
  uint64_t memory_bytes;
} HoneCudaInfo;

/* The covariance of two images (algorithms/gp/covariance.h):
 *   scale ((1 - additive) m(r) + additive mean of m(r_d)) + linear sum of c c' + constant */
typedef struct HoneCudaKernel { /* NOLINT(modernize-use-using) */
  double scale, additive, linear, constant;
  int32_t features;   /* rows of an image */
  int32_t dimensions; /* groups of features: first[d] to first[d + 1] */
  const int32_t* first;
  int32_t plain;             /* features of the linear part: c = length * feature - 1/2 */
  const int32_t* plain_rows; /* which they are */
  const double* plain_lengths;
} HoneCudaKernel;

typedef struct HoneCudaMatrix { /* NOLINT(modernize-use-using) */
  const double* values;
  int32_t columns;
  int32_t stride; /* from one column to the next, >= rows */
} HoneCudaMatrix;

typedef struct HoneCudaSession HoneCudaSession; /* NOLINT(modernize-use-using) */

/* A session's calls come from one thread at a time, from any. None throws or ends the process. */
typedef struct HoneCudaApi { /* NOLINT(modernize-use-using) */
  uint32_t abi;              /* HONE_CUDA_ABI; first in every version */
  /* patience_seconds: a call that takes longer has failed, and the session with it. On failure
   * *session is null and `error` says why. */
  int32_t (*open)(int32_t ordinal, double patience_seconds, HoneCudaSession** session,
                  HoneCudaInfo* info, char* error, int32_t error_size);
  void (*close)(HoneCudaSession* session);
  /* Why the last call failed. Valid until the next one. */
  const char* (*message)(const HoneCudaSession* session);
  /* out: shape (a.columns, b.columns), dense. */
  int32_t (*covariance)(HoneCudaSession* session, const HoneCudaKernel* kernel, HoneCudaMatrix a,
                        HoneCudaMatrix b, double* out);
  /* Lower Cholesky factor of the image's covariance with `noise` added to its diagonal. out: shape
   * (n, n), dense; what is above the diagonal is not defined. */
  int32_t (*factor)(HoneCudaSession* session, const HoneCudaKernel* kernel, HoneCudaMatrix image,
                    double noise, double* out);
  /* Of each column z of `at`, with k its covariances with the image: mean = k . alpha, and
   * explained = |factor^-1 k|^2, by which the variance at z is less than the prior's. factor:
   * lower, shape (n, n). alpha: shape (n). mean, explained: shape (at.columns). */
  int32_t (*predict)(HoneCudaSession* session, const HoneCudaKernel* kernel, HoneCudaMatrix image,
                     HoneCudaMatrix factor, const double* alpha, HoneCudaMatrix at, double* mean,
                     double* explained);
} HoneCudaApi;

typedef const HoneCudaApi* (*HoneCudaApiFunction)(void); /* NOLINT(modernize-use-using) */

#ifdef __cplusplus
}
#endif
