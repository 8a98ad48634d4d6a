// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "algorithms/gp/cuda/abi.h"
#include "algorithms/gp/device.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"

namespace hone {

/// A device and the libraries on it, as the ledger remembers it: with the same ones, answers are
/// the same bits.
std::string IdentityOf(const HoneCudaInfo& info);

/// One open session of a device. The first call that fails is the last one: a log line says so, and
/// from then on nothing is answered. What it has answered until then is sound.
/// Life: Open to destruction, which closes the session.
/// @threads  safe; one call at a time is with the device
class CudaDevice {
 public:
  /// A model takes milliseconds; a device that is this late is not going to answer.
  static constexpr Duration kPatience = std::chrono::seconds(20);
  /// @param api  outlives the device @param ordinal  which device, from 0
  /// @param patience  how long one call may take
  /// @errors kUnavailable: there is none, or it does not work
  static Result<std::unique_ptr<CudaDevice>> Open(const HoneCudaApi& api, int ordinal,
                                                  Duration patience = kPatience);
  ~CudaDevice();
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  [[nodiscard]] const HoneCudaInfo& info() const { return info_; }
  /// Why it is of no use any more; nothing: it is.
  [[nodiscard]] std::optional<std::string> Broken() const;

  /// As gp::Device's, at any size. @returns nothing: not positive definite, or broken
  [[nodiscard]] std::optional<gp::MatrixXd> Factor(const gp::Embedding& embedding,
                                                   const gp::Hyper& hyper,
                                                   const gp::MatrixXd& image, double noise);
  [[nodiscard]] std::optional<gp::Device::Posterior> Predict(const gp::Embedding& embedding,
                                                             const gp::Hyper& hyper,
                                                             const gp::Device::Known& known,
                                                             const gp::MatrixXd& at);

 private:
  struct State {
    HoneCudaSession* session = nullptr;
    std::optional<std::string> broken;
  };
  CudaDevice(const HoneCudaApi& api, HoneCudaSession* session, const HoneCudaInfo& info)
      : api_(api), info_(info), state_(State{session, std::nullopt}) {}

  template <class Call>
  bool Do(const char* what, const Call& call);

  const HoneCudaApi& api_;
  HoneCudaInfo info_;
  Guarded<State> state_;
  std::atomic<bool> broken_ = false;  // spares the wait for the lock
};

}  // namespace hone
