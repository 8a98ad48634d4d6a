// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "algorithms/gp/covariance.h"
#include "algorithms/gp/device.h"

namespace hone::gp {

/// Posterior mean and standard deviation, of the function without noise.
struct Prediction {
  VectorXd mean;
  VectorXd sd;
};

/// The same at one point, with gradients by its coordinates.
struct PointPrediction {
  double mean = 0;
  double sd = 0;
  VectorXd mean_slope;
  VectorXd sd_slope;
};

class Trend;

/// What a model's function follows, if anything.
struct Follows {
  std::shared_ptr<const Trend> trend{};  ///< shared by all models of the function; null: none
  VectorXd shift{};                      ///< of its weights: TrendWeights
};

/// A Gaussian process with fixed hyperparameters. A value: copies are independent. The factor is a
/// function of the first points and the order of those appended, bit for bit.
class Model {
 public:
  /// @param points  shape (dimensions, n), n >= 1
  /// @param device   for what is heavy; null: none. Not owned: outlives this and its copies
  /// @param follows  the outputs are a trend and what it leaves over, which the hyperparameters
  ///                 are of
  Model(const Embedding& embedding, Hyper hyper, const MatrixXd& points,
        const Device* device = nullptr, Follows follows = {});

  [[nodiscard]] Eigen::Index size() const { return n_; }
  [[nodiscard]] const Hyper& hyper() const { return hyper_; }

  /// Adds a point: one row of the Cholesky factor. The outputs must be set again. @cost O(n^2)
  void Append(const VectorXd& point);
  /// @param outputs  shape (size()) @cost O(n^2)
  void SetOutputs(VectorXd outputs);
  /// The lowest posterior mean at the points whose outputs were set, and those of Condition that
  /// count.
  [[nodiscard]] double best() const { return best_; }
  /// The best is to be among these rows only. @param rows  shape (size()), one is true
  void LimitBest(const std::vector<bool>& rows);
  /// Adds a point whose output is what the model expects: the mean stays, the spread shrinks.
  /// @param counts  it may be the best
  void Condition(const VectorXd& point, bool counts);

  /// @param points  shape (dimensions, m) @cost O(n^2 m)
  [[nodiscard]] Prediction Predict(const MatrixXd& points) const;
  /// The means alone, of a model without a trend. @cost O(n m)
  [[nodiscard]] VectorXd Means(const MatrixXd& points) const;
  /// Their derivatives by a point's coordinates.
  [[nodiscard]] VectorXd MeanSlopes(const VectorXd& point) const;
  /// Posterior means at the model's own points. @cost O(n)
  [[nodiscard]] VectorXd FittedMeans() const;
  [[nodiscard]] PointPrediction PredictAt(const VectorXd& point) const;
  /// Lower Cholesky factor of the kernel matrix with noise, for tests.
  [[nodiscard]] MatrixXd Factor() const;

 private:
  [[nodiscard]] MatrixXd FactorOf(const MatrixXd& image);
  void Reserve(Eigen::Index n);
  [[nodiscard]] Covariance Kernel() const { return {embedding_, hyper_}; }
  [[nodiscard]] auto L() const { return factor_.topLeftCorner(n_, n_); }

  void Solve(VectorXd outputs);
  [[nodiscard]] Device::Posterior PosteriorAt(const MatrixXd& z) const;
  void SetTrend(const VectorXd& outputs);
  /// What the trend says. @param basis  shape (m, functions of the trend)
  [[nodiscard]] VectorXd TrendOf(const MatrixXd& basis) const;

  Embedding embedding_;
  Hyper hyper_;
  const Device* device_ = nullptr;
  Eigen::Index n_ = 0;
  double best_ = 0;
  MatrixXd image_;   // of the points, in columns, with room for more
  MatrixXd factor_;  // lower, with room for more
  VectorXd outputs_;
  VectorXd alpha_;  // inverse kernel matrix times outputs
  Follows follows_;
  MatrixXd basis_;  // the trend's functions at the points, in rows
  VectorXd weights_;
  double offset_ = 0;
  double unit_ = 1;  // of what the trend leaves over
};

}  // namespace hone::gp
