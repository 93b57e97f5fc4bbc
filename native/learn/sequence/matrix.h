#pragma once
// Row-major products for layers: in f32 by the kernels, and in double by plain loops, for checking.

#include <cstddef>

#include "../../dispatch/dispatch.h"

namespace kairank {

/// What training multiplies may be rounded to bf16, where that is faster: weights, sums and the optimiser's state stay
/// f32. What is measured, or compared with double, is exact, because it is served so.
enum class Products { exact, rounded };

template <typename T>
struct Matrix {
  const T* at;
  size_t stride;
  bool transposed = false;  // the product takes its transpose
};

/// C (m x n) = A B, or C += A B.
inline void multiply(const Matrix<float>& a, const Matrix<float>& b, float* c, size_t ldc, size_t m, size_t n, size_t k,
                     bool accumulate, Products products) {
  const auto gemm = products == Products::rounded ? kernels().gemmBf16 : kernels().gemmF32;
  gemm({a.at, a.stride, a.transposed, b.at, b.stride, b.transposed, c, ldc, m, n, k, accumulate});
}

inline void multiply(const Matrix<double>& a, const Matrix<double>& b, double* c, size_t ldc, size_t m, size_t n,
                     size_t k, bool accumulate, Products) {
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t p = 0; p < k; p++) {
        sum += a.at[a.transposed ? p * a.stride + i : i * a.stride + p] *
               b.at[b.transposed ? j * b.stride + p : p * b.stride + j];
      }
      c[i * ldc + j] = accumulate ? c[i * ldc + j] + sum : sum;
    }
  }
}

constexpr size_t kDotLanes = 8;

/// Eight sums side by side, which a compiler may keep in vectors; their order is fixed.
template <typename T>
inline T dotProduct(const T* a, const T* b, size_t n) {
  T sums[kDotLanes] = {};
  size_t i = 0;
  for (; i + kDotLanes <= n; i += kDotLanes) {
    for (size_t l = 0; l < kDotLanes; l++) sums[l] += a[i + l] * b[i + l];
  }
  for (size_t l = 0; i < n; i++, l++) sums[l] += a[i] * b[i];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

template <typename T>
inline void addScaled(T scale, const T* x, T* y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += scale * x[i];
}

}  // namespace kairank
