// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "algorithms/gp/kernel.h"
#include "base/rng.h"

namespace hone::gp {

/// A function to be maximised. Sets the gradient; may return -infinity.
using Objective = std::function<double(const VectorXd& x, VectorXd* gradient)>;

struct Box {
  VectorXd low;
  VectorXd high;
};

struct Maximum {
  VectorXd x;
  double value = 0;
};

/// Local maximum inside a box by L-BFGS-B. @returns the best point that was evaluated, the start
/// included @cost at most about `iterations` times 1.2 evaluations, never more than 4 times
Maximum Maximise(const Objective& objective, const VectorXd& start, const Box& box, int iterations);

/// Maximum a posteriori hyperparameters, from the prior's mode and fixed other starts: a function
/// of the data alone. @param points  shape (dimensions, n), n >= 1 @param outputs  shape (n)
Hyper Fit(const Embedding& embedding, const MatrixXd& points, const VectorXd& outputs);

/// The same, then draws from the posterior. @param count  of all, the maximum first; >= 1
std::vector<Hyper> FitDraws(const Embedding& embedding, const MatrixXd& points,
                            const VectorXd& outputs, int count, Rng rng);

}  // namespace hone::gp
