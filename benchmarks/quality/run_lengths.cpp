// SPDX-License-Identifier: Apache-2.0
// How many evaluations cmaes needs to 1e-8 on functions like those of BBOB, instance by instance.
//   build/benchmarks/quality_run_lengths [instances] [setting=value ...]
// Prints a line for each function and dimension: the solved instances (of 5 by default), and the
// area under the curve of solved targets (1e2 ... 1e-8) over the logarithm of the evaluations, up
// to 1000 d. benchmarks/quality/peer_run_lengths.py prints the same of pycma and cmaes on the same
// functions.
#include <Eigen/Dense>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "algorithms/check.h"

namespace hone {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kTargets = 11;  // 1e2, 1e1, ..., 1e-8

/// A number in [0, 1) that is easy to have in another language, too.
double Fraction(double x) {
  return x - std::floor(x);
}

VectorXd Shift(Index d, int instance) {
  VectorXd shift(d);
  for (Index i = 0; i < d; ++i) {
    shift[i] = -4 + 8 * Fraction(instance * std::numbers::phi +
                                 (instance + 3) * static_cast<double>(i + 1) * 0.7548776662466927);
  }
  return shift;
}

/// Gram-Schmidt of a matrix of sines.
MatrixXd Rotation(Index d, int instance) {
  MatrixXd q(d, d);
  for (Index c = 0; c < d; ++c) {
    for (Index r = 0; r < d; ++r) {
      const auto n = static_cast<double>(1 + r + c * d);
      q(r, c) = Fraction(1e4 * std::sin(n * 12.9898 + instance * 78.233)) - 0.5;
    }
    for (Index b = 0; b < c; ++b) {
      q.col(c) -= q.col(b).dot(q.col(c)) * q.col(b);
    }
    q.col(c).normalize();
  }
  return q;
}

/// 0 ... 1 over the coordinates.
double Share(Index i, Index d) {
  return d > 1 ? static_cast<double>(i) / static_cast<double>(d - 1) : 0;
}

double Ellipsoid(const VectorXd& z) {
  double sum = 0;
  for (Index i = 0; i < z.size(); ++i) {
    sum += std::pow(1e6, Share(i, z.size())) * z[i] * z[i];
  }
  return sum;
}
double Rosenbrock(const VectorXd& z) {
  const double scale = std::max(1.0, std::sqrt(static_cast<double>(z.size())) / 8);
  double sum = 0;
  for (Index i = 0; i + 1 < z.size(); ++i) {
    const double a = scale * z[i] + 1;
    const double b = scale * z[i + 1] + 1;
    sum += 100 * (a * a - b) * (a * a - b) + (a - 1) * (a - 1);
  }
  return sum;
}
double Rastrigin(const VectorXd& z) {
  return z.squaredNorm() + 10 * (1 - (2 * std::numbers::pi * z.array()).cos()).sum();
}
double BentCigar(const VectorXd& z) {
  return z[0] * z[0] + 1e6 * z.tail(z.size() - 1).squaredNorm();
}
double DifferentPowers(const VectorXd& z) {
  double sum = 0;
  for (Index i = 0; i < z.size(); ++i) {
    sum += std::pow(std::abs(z[i]), 2 + 4 * Share(i, z.size()));
  }
  return std::sqrt(sum);
}
double Discus(const VectorXd& z) {
  return 1e6 * z[0] * z[0] + z.tail(z.size() - 1).squaredNorm();
}
double SharpRidge(const VectorXd& z) {
  return z[0] * z[0] + 100 * z.tail(z.size() - 1).norm();
}
double Ackley(const VectorXd& z) {
  const auto d = static_cast<double>(z.size());
  return -20 * std::exp(-0.2 * z.norm() / std::sqrt(d)) -
         std::exp((2 * std::numbers::pi * z.array()).cos().sum() / d) + 20 + std::numbers::e;
}
double Schaffers(const VectorXd& z) {
  double sum = 0;
  for (Index i = 0; i + 1 < z.size(); ++i) {
    const double s = std::hypot(z[i], z[i + 1]);
    sum += std::sqrt(s) * (1 + std::pow(std::sin(50 * std::pow(s, 0.2)), 2));
  }
  return std::pow(sum / static_cast<double>(z.size() - 1), 2);
}

struct Function {
  const char* name;
  double (*value)(const VectorXd& z);
  bool rotated;
};
constexpr Function kFunctions[] = {
    {"sphere", [](const VectorXd& z) { return z.squaredNorm(); }, false},
    {"ellipsoid", Ellipsoid, false},
    {"ellipsoid-rotated", Ellipsoid, true},
    {"rosenbrock", Rosenbrock, false},
    {"rosenbrock-rotated", Rosenbrock, true},
    {"rastrigin", Rastrigin, false},
    {"rastrigin-rotated", Rastrigin, true},
    {"bent-cigar-rotated", BentCigar, true},
    {"different-powers-rotated", DifferentPowers, true},
    {"discus-rotated", Discus, true},
    {"sharp-ridge-rotated", SharpRidge, true},
    {"ackley-rotated", Ackley, true},
    {"schaffers-rotated", Schaffers, true},
};

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "quality_run_lengths: %s\n", why.c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): there is one thread
}

std::unique_ptr<Searcher> MakeSearcher(Index d, int instance,
                                       const std::vector<Setting>& settings) {
  ExperimentSpec spec;
  for (Index i = 0; i < d; ++i) {
    spec.space.parameters.push_back({"x" + std::to_string(i), RealDomain{-5, 5, {}, {}}, {}, {}});
  }
  spec.algorithm = {"cmaes", settings};
  Problems problems;
  const auto choice = CheckAlgorithm(spec, problems);
  if (!choice || problems.HasErrors()) {
    Die("settings refused");
  }
  return std::move(*choice->info->create(
      ContextOf(spec, choice->settings, static_cast<std::uint64_t>(instance))));
}

/// Evaluations to each target; 0: not reached.
std::vector<int> RunLengths(const Function& function, Index d, int instance,
                            const std::vector<Setting>& settings) {
  const VectorXd shift = Shift(d, instance);
  const MatrixXd turn = function.rotated ? Rotation(d, instance) : MatrixXd::Identity(d, d);
  const auto searcher = MakeSearcher(d, instance, settings);
  std::vector<int> lengths(kTargets, 0);
  double best = std::numeric_limits<double>::infinity();
  for (int trial = 1; trial <= 1000 * static_cast<int>(d) && lengths.back() == 0; ++trial) {
    const auto number = static_cast<TrialNumber>(trial);
    const auto start =
        std::get<proposal::Start>(searcher->Propose({{number}, std::nullopt})->at(0));
    VectorXd x(d);
    for (Index i = 0; i < d; ++i) {
      x[i] = std::stod(start.values[static_cast<std::size_t>(i)].text);
    }
    const double value = function.value(turn * (x - shift));
    best = std::min(best, value);
    for (int k = 0; k < kTargets; ++k) {
      auto& length = lengths[static_cast<std::size_t>(k)];
      length = length == 0 && best <= std::pow(10, 2 - k) ? trial : length;
    }
    const HistoryItem items[] = {
        {2 * Version{number} - 1, history::Proposed{number, start.values, start.tag, {}}},
        {2 * Version{number}, history::Completed{number, {value}, std::chrono::seconds(1)}}};
    if (!searcher->Observe(items)) {
      Die("Observe failed");
    }
  }
  return lengths;
}

/// Of one instance: the share of the evaluations, on their logarithm, that was left at each target.
double AreaOf(const std::vector<int>& lengths, Index d) {
  const auto most = 1000 * static_cast<double>(d);
  double area = 0;
  for (const int length : lengths) {
    area += length > 0 ? 1 - std::log(length) / std::log(most) : 0;
  }
  return area;
}

struct Tally {
  int solved = 0;
  double area = 0;  ///< sum over instances
};

/// Runs a function's instances, and prints what became of them.
Tally Run(const Function& function, Index d, int instances, const std::vector<Setting>& settings) {
  Tally tally;
  for (int instance = 1; instance <= instances; ++instance) {
    const std::vector<int> lengths = RunLengths(function, d, instance, settings);
    tally.solved += lengths.back() > 0 ? 1 : 0;
    tally.area += AreaOf(lengths, d) / kTargets;
  }
  std::printf("%-26s %3d %3d of %d  area %.3f\n", function.name, static_cast<int>(d), tally.solved,
              instances, tally.area / instances);
  return tally;
}

int Main(int argc, char** argv) {
  const int instances = argc > 1 ? std::atoi(argv[1]) : 5;
  std::vector<Setting> settings;
  for (int i = 2; i < argc; ++i) {
    const std::string pair = argv[i];
    settings.push_back({pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1)});
  }
  Tally total;
  int all = 0;
  for (const Index d : {2, 5, 10}) {
    for (const Function& function : kFunctions) {
      const Tally tally = Run(function, d, instances, settings);
      total.solved += tally.solved;
      total.area += tally.area;
      all += instances;
    }
  }
  std::printf("solved %d of %d (%.1f %%), area %.4f\n", total.solved, all,
              100.0 * total.solved / all, total.area / all);
  return 0;
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  return hone::Main(argc, argv);
}
