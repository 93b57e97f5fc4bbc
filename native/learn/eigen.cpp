#include "eigen.h"

#include <cmath>

namespace kairank {

namespace {

constexpr int kMaxSweeps = 40;  // quadratic convergence: ten are rarely needed
constexpr double kNegligible = 1e-9;

void rotate(double* p, double* q, size_t n, double cosine, double sine) {
  for (size_t k = 0; k < n; k++) {
    const double a = p[k];
    const double b = q[k];
    p[k] = cosine * a - sine * b;
    q[k] = sine * a + cosine * b;
  }
}

}  // namespace

void symmetricEigen(std::vector<double> a, size_t n, std::vector<double>& values, std::vector<double>& vectors) {
  vectors.assign(n * n, 0.0);
  for (size_t i = 0; i < n; i++) vectors[i * n + i] = 1;
  double largest = 0;
  for (size_t i = 0; i < n; i++) largest = std::fmax(largest, std::fabs(a[i * n + i]));
  const double tiny = largest * 1e-18;
  bool turned = true;
  for (int sweep = 0; sweep < kMaxSweeps && turned; sweep++) {
    turned = false;
    for (size_t p = 0; p + 1 < n; p++) {
      for (size_t q = p + 1; q < n; q++) {
        const double off = a[p * n + q];
        const double limit = kNegligible * std::sqrt(std::fabs(a[p * n + p] * a[q * n + q])) + tiny;
        if (!(std::fabs(off) > limit)) continue;
        turned = true;
        // Golub & Van Loan, Matrix Computations, 8.5.2: the smaller angle that makes the pair diagonal.
        const double tau = (a[q * n + q] - a[p * n + p]) / (2 * off);
        const double tangent = (tau >= 0 ? 1 : -1) / (std::fabs(tau) + std::sqrt(1 + tau * tau));
        const double cosine = 1 / std::sqrt(1 + tangent * tangent);
        const double sine = tangent * cosine;
        rotate(&a[p * n], &a[q * n], n, cosine, sine);
        for (size_t k = 0; k < n; k++) {
          const double left = a[k * n + p];
          const double right = a[k * n + q];
          a[k * n + p] = cosine * left - sine * right;
          a[k * n + q] = sine * left + cosine * right;
        }
        rotate(&vectors[p * n], &vectors[q * n], n, cosine, sine);
      }
    }
  }
  values.resize(n);
  for (size_t i = 0; i < n; i++) values[i] = a[i * n + i];
}

}  // namespace kairank
