#pragma once
// GELU (Hendrycks & Gimpel 2016) in the form x * sigmoid(1.702 x), whose slope needs no more than its own sigmoid.

#include <cmath>
#include <cstddef>

namespace kairank {

constexpr double kGeluSlope = 1.702;

/// `gate` keeps the sigmoids for the way back.
template <typename T>
void geluForward(const T* x, size_t n, T* y, T* gate) {
  for (size_t i = 0; i < n; i++) {
    gate[i] = 1 / (1 + std::exp(static_cast<T>(-kGeluSlope) * x[i]));
    y[i] = x[i] * gate[i];
  }
}

/// Turns dy into dx in place.
template <typename T>
void geluBackward(const T* x, const T* gate, size_t n, T* dy) {
  for (size_t i = 0; i < n; i++) {
    dy[i] *= gate[i] * (1 + static_cast<T>(kGeluSlope) * x[i] * (1 - gate[i]));
  }
}

}  // namespace kairank
