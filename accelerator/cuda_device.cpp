// SPDX-License-Identifier: Apache-2.0
#include "accelerator/cuda_device.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/log.h"

namespace hone {
namespace {

using gp::MatrixXd;

/// A covariance as the library wants it. Holds what the pointers of `kernel` point to.
struct Description {
  std::vector<std::int32_t> first;
  std::vector<std::int32_t> plain_rows;
  std::vector<double> plain_lengths;
  HoneCudaKernel kernel{};
};

Description Describe(const gp::Embedding& embedding, const gp::Hyper& hyper) {
  Description it;
  const std::size_t dimensions = embedding.dimensions().size();
  for (std::size_t d = 0; d < dimensions; ++d) {
    it.first.push_back(static_cast<std::int32_t>(embedding.FeaturesOf(d).first));
  }
  it.first.push_back(static_cast<std::int32_t>(embedding.features()));
  if (hyper.linear > 0) {
    for (const Eigen::Index f : embedding.plain()) {
      const Eigen::Index d = embedding.owners()[static_cast<std::size_t>(f)];
      it.plain_rows.push_back(static_cast<std::int32_t>(f));
      it.plain_lengths.push_back(std::exp(hyper.log_length[d]));
    }
  }
  it.kernel = {.scale = std::exp(hyper.log_scale),
               .additive = hyper.additive,
               .linear = hyper.linear,
               .constant = gp::kMeanVariance,
               .features = it.first.back(),
               .dimensions = static_cast<std::int32_t>(dimensions),
               .first = it.first.data(),
               .plain = static_cast<std::int32_t>(it.plain_rows.size()),
               .plain_rows = it.plain_rows.data(),
               .plain_lengths = it.plain_lengths.data()};
  return it;
}

HoneCudaMatrix ViewOf(const Eigen::Ref<const MatrixXd>& matrix) {
  return {.values = matrix.data(),
          .columns = static_cast<std::int32_t>(matrix.cols()),
          .stride = static_cast<std::int32_t>(matrix.outerStride())};
}

}  // namespace

std::string IdentityOf(const HoneCudaInfo& info) {
  return std::string(info.name) + " " + std::to_string(info.major) + "." +
         std::to_string(info.minor) + ", CUDA " + std::to_string(info.runtime) + ", cuBLAS " +
         std::to_string(info.cublas) + ", cuSOLVER " + std::to_string(info.cusolver);
}

Result<std::unique_ptr<CudaDevice>> CudaDevice::Open(const HoneCudaApi& api, int ordinal,
                                                     Duration patience) {
  HoneCudaSession* session = nullptr;
  HoneCudaInfo info = {};
  std::array<char, 400> error = {};
  const double seconds = std::chrono::duration<double>(patience).count();
  const std::int32_t status = api.open(ordinal, seconds, &session, &info, error.data(),
                                       static_cast<std::int32_t>(error.size()));
  if (status != kHoneCudaOk || session == nullptr) {
    return Fail(Code::kUnavailable, error.data());
  }
  info.name[sizeof info.name - 1] = '\0';
  return std::unique_ptr<CudaDevice>(new CudaDevice(api, session, info));
}

CudaDevice::~CudaDevice() {
  state_.WithLock([&](State& state) { api_.close(state.session); });
}

std::optional<std::string> CudaDevice::Broken() const {
  return state_.WithLock([](const State& state) { return state.broken; });
}

/// @returns  whether the call gave numbers
template <class Call>
bool CudaDevice::Do(const char* what, const Call& call) {
  if (broken_) {
    return false;
  }
  std::optional<std::string> why;
  const bool done = state_.WithLock([&](State& state) {
    if (state.broken) {
      return false;
    }
    const std::int32_t status = call(state.session);
    if (status != kHoneCudaOk && status != kHoneCudaNotPositiveDefinite) {
      why = api_.message(state.session);
      state.broken = why;
      broken_ = true;
    }
    return status == kHoneCudaOk;
  });
  if (why) {
    HONE_LOG(kWarn, "accelerator_failed", {"device", info_.name}, {"doing", what}, {"why", *why},
             {"from_now_on", "the processor"});
  }
  return done;
}

std::optional<MatrixXd> CudaDevice::Factor(const gp::Embedding& embedding, const gp::Hyper& hyper,
                                           const MatrixXd& image, double noise) {
  const Description it = Describe(embedding, hyper);
  MatrixXd factor(image.cols(), image.cols());
  const bool done = Do("factor", [&](HoneCudaSession* session) {
    return api_.factor(session, &it.kernel, ViewOf(image), noise, factor.data());
  });
  if (!done || !factor.diagonal().allFinite()) {
    return std::nullopt;
  }
  factor.triangularView<Eigen::StrictlyUpper>().setZero();
  return factor;
}

std::optional<gp::Device::Posterior> CudaDevice::Predict(const gp::Embedding& embedding,
                                                         const gp::Hyper& hyper,
                                                         const gp::Device::Known& known,
                                                         const MatrixXd& at) {
  const Description it = Describe(embedding, hyper);
  gp::Device::Posterior found{gp::VectorXd(at.cols()), gp::VectorXd(at.cols())};
  const bool done = Do("predict", [&](HoneCudaSession* session) {
    return api_.predict(session, &it.kernel, ViewOf(known.image), ViewOf(known.factor),
                        known.alpha.data(), ViewOf(at), found.mean.data(), found.explained.data());
  });
  if (!done || !found.mean.allFinite() || !found.explained.allFinite()) {
    return std::nullopt;
  }
  return found;
}

}  // namespace hone
