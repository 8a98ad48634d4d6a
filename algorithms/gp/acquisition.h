// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "algorithms/gp/model.h"

namespace hone::gp {

/// log(phi(z) + z Phi(z)), the logarithm of the expected improvement of a standard normal, for any
/// z without cancellation. @param slope  if not null: its derivative
/// @source  Ament, Daulton, Eriksson, Balandat, Bakshy 2023, arXiv 2310.20708; here with the
///          continued fraction of Mills' ratio instead of erfcx
double LogExpectedImprovement(double z, double* slope);

/// log Phi(z), likewise.
double LogNormalCdf(double z, double* slope);

/// Logarithm of the probability that a point is feasible: that the label which the model predicts
/// there, its noise included, is positive. So it falls where failures are many and sure, and stays
/// near that of its neighbours where there is but one.
/// @param slopes  set to the gradient by the coordinates
/// @source  label regression: Rasmussen, Williams 2006, section 6.5; as a factor of the
///          improvement: Gelbart, Snoek, Adams 2014, arXiv 1403.5607
VectorXd LogFeasibility(const Model& labels, const MatrixXd& points);
double LogFeasibilityAt(const Model& labels, const VectorXd& point, VectorXd* slopes);

/// Logarithm of the probability that a point keeps a bound: that what the model predicts there,
/// noise included, is not positive. @param slopes  set to the gradient by the coordinates
/// @source  Gardner, Kusner, Xu, Weinberger, Cunningham 2014, "Bayesian optimization with
/// inequality
///          constraints"
VectorXd LogKept(const Model& excess, const MatrixXd& points);
double LogKeptAt(const Model& excess, const VectorXd& point, VectorXd* slopes);

/// What to maximise when a function is to be minimised, by one model of it.
struct Acquisition {
  enum class Kind { kLogEi, kLogPi, kLcb };
  Kind kind = Kind::kLogEi;
  double best = 0;   ///< the mean to improve on
  double xi = 0;     ///< improvements smaller than this do not count (EI, PI)
  double kappa = 2;  ///< standard deviations below the mean (LCB)

  /// @param points  shape (dimensions, m) @returns shape (m)
  [[nodiscard]] VectorXd Values(const Model& model, const MatrixXd& points) const {
    return Values(model.Predict(points));
  }
  [[nodiscard]] VectorXd Values(const Prediction& prediction) const;
  /// At one point. @param gradient  set to the gradient by the coordinates
  double ValueAt(const Model& model, const VectorXd& point, VectorXd* gradient) const;
};

}  // namespace hone::gp
