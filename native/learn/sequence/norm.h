#pragma once
// Layer norm (Ba et al. 2016): y = gain * (x - mean) / sqrt(variance + epsilon) + bias, row by row.

#include <cmath>
#include <cstddef>

namespace kairank {

constexpr double kNormEpsilon = 1e-6;

/// `unit` (rows x dim) and `inverse` (rows) are kept for the way back: the row before gain and bias, and
/// 1 / sqrt(variance + epsilon).
template <typename T>
void normForward(const T* x, const T* gain, const T* bias, size_t rows, size_t dim, T* y, T* unit, T* inverse) {
  for (size_t i = 0; i < rows; i++, x += dim, y += dim, unit += dim) {
    T mean = 0;
    for (size_t d = 0; d < dim; d++) mean += x[d];
    mean /= static_cast<T>(dim);
    T square = 0;
    for (size_t d = 0; d < dim; d++) square += (x[d] - mean) * (x[d] - mean);
    inverse[i] = 1 / std::sqrt(square / static_cast<T>(dim) + static_cast<T>(kNormEpsilon));
    for (size_t d = 0; d < dim; d++) {
      unit[d] = (x[d] - mean) * inverse[i];
      y[d] = gain[d] * unit[d] + bias[d];
    }
  }
}

/// Adds to dx, dGain and dBias.
template <typename T>
void normBackward(const T* unit, const T* inverse, const T* gain, const T* dy, size_t rows, size_t dim, T* dx, T* dGain,
                  T* dBias) {
  for (size_t i = 0; i < rows; i++, dx += dim, dy += dim, unit += dim) {
    T mean = 0;
    T along = 0;
    for (size_t d = 0; d < dim; d++) {
      const T pull = dy[d] * gain[d];
      mean += pull;
      along += pull * unit[d];
      dGain[d] += dy[d] * unit[d];
      dBias[d] += dy[d];
    }
    mean /= static_cast<T>(dim);
    along /= static_cast<T>(dim);
    for (size_t d = 0; d < dim; d++) dx[d] += inverse[i] * (dy[d] * gain[d] - mean - unit[d] * along);
  }
}

}  // namespace kairank
