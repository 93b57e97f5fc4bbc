#pragma once
// Small symmetric positive systems, solved where they stand.

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace kairank {

/// In place L L^T = A (lower triangle, n x n), column by column, so that the inner loop runs along rows. A pivot that
/// rounding has made worthless is lifted to a tiny multiple of the largest: its direction is then damped to nothing.
inline void cholesky(float* a, size_t n, float* column) {
  float largest = 0;
  for (size_t i = 0; i < n; i++) largest = std::max(largest, a[i * n + i]);
  const float floor = std::max(largest * 1e-7f, 1e-30f);
  for (size_t j = 0; j < n; j++) {
    const float pivot = std::sqrt(std::max(a[j * n + j], floor));
    a[j * n + j] = pivot;
    for (size_t i = j + 1; i < n; i++) column[i] = a[i * n + j] /= pivot;
    for (size_t i = j + 1; i < n; i++) {
      const float factor = column[i];
      float* row = a + i * n;
      for (size_t k = j + 1; k <= i; k++) row[k] -= factor * column[k];
    }
  }
}

/// Solves L L^T x = b in place.
inline void solveCholesky(const float* l, size_t n, float* b) {
  for (size_t i = 0; i < n; i++) {
    float sum = b[i];
    for (size_t k = 0; k < i; k++) sum -= l[i * n + k] * b[k];
    b[i] = sum / l[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    const float value = b[i] /= l[i * n + i];
    for (size_t k = 0; k < i; k++) b[k] -= l[i * n + k] * value;
  }
}

}  // namespace kairank
