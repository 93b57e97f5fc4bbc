#pragma once
// Gradients against central differences in double.

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "../../../native/include/random.h"
#include "../check.h"

inline std::vector<double> randomNumbers(kairank::Random& random, size_t n, double deviation = 1) {
  std::vector<double> out(n);
  for (double& x : out) x = random.normal() * deviation;
  return out;
}

/// Whether `gradient` is that of `loss` by `at`, entry by entry (every `step`-th). The error of a central difference is
/// of the order of h^2, and of the rounding of the loss over h.
inline void checkGradient(const std::string& what, std::vector<double>& at, const std::vector<double>& gradient,
                          const std::function<double()>& loss, size_t step = 1) {
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < at.size(); i += step) {
    const double kept = at[i];
    at[i] = kept + kStep;
    const double above = loss();
    at[i] = kept - kStep;
    const double below = loss();
    at[i] = kept;
    const double expected = (above - below) / (2 * kStep);
    CHECK_THAT(std::fabs(gradient[i] - expected) <= 1e-7 + 1e-6 * std::fabs(expected),
               what << " " << i << ": " << gradient[i] << " for " << expected);
  }
}

inline double weighted(const std::vector<double>& x, const std::vector<double>& by) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); i++) sum += x[i] * by[i];
  return sum;
}
