// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "algorithms/gp/covariance.h"

namespace hone::gp {

/// Something faster than this processor that can do the heavy parts of a model: a port, since pure
/// computation knows no devices. A model without one computes everything itself; nothing is
/// different then, bit for bit.
///
/// Answers are those of Covariance and Model but for rounding, and a function of the arguments, bit
/// for bit. Whether there is an answer is one of the sizes, too, unless the device breaks: then
/// there is none any more, and models go on by themselves.
/// @threads  safe
class Device {
 public:
  virtual ~Device() = default;

  /// Lower factor of the covariance of an image's columns with `noise` on its diagonal, zeros above
  /// it. @returns shape (n, n); nothing: compute it here
  [[nodiscard]] virtual std::optional<MatrixXd> Factor(const Embedding& embedding,
                                                       const Hyper& hyper, const MatrixXd& image,
                                                       double noise) const = 0;

  /// What the factor L and the weights alpha of a model's points say of others; k are their
  /// covariances with an image of them.
  struct Posterior {
    VectorXd mean;       ///< k . alpha
    VectorXd explained;  ///< |L^-1 k|^2: by which variances are less than the prior's
  };
  /// The points of a model. Matrices may have room for more.
  struct Known {
    Eigen::Ref<const MatrixXd> image;   ///< shape (features, n)
    Eigen::Ref<const MatrixXd> factor;  ///< lower, shape (n, n); above the diagonal: anything
    const VectorXd& alpha;              ///< shape (n)
  };
  /// @param at  image of the others, shape (features, m) @returns nothing: compute it here
  [[nodiscard]] virtual std::optional<Posterior> Predict(const Embedding& embedding,
                                                         const Hyper& hyper, const Known& known,
                                                         const MatrixXd& at) const = 0;
};

}  // namespace hone::gp
