#pragma once
// y = x W^T + b, row by row.

#include "matrix.h"

namespace kairank {

/// x: rows x in, weight: out x in, y: rows x out.
template <typename T>
void linearForward(const T* x, const T* weight, const T* bias, size_t rows, size_t in, size_t out, T* y,
                   Products products) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < out; j++) y[i * out + j] = bias[j];
  }
  multiply(Matrix<T>{x, in}, Matrix<T>{weight, in, true}, y, out, rows, out, in, true, products);
}

/// Sets dx, adds to dWeight and dBias. Only training goes back.
template <typename T>
void linearBackward(const T* x, const T* weight, const T* dy, size_t rows, size_t in, size_t out, T* dx, T* dWeight,
                    T* dBias) {
  multiply(Matrix<T>{dy, out}, Matrix<T>{weight, in}, dx, in, rows, in, out, false, Products::rounded);
  multiply(Matrix<T>{dy, out, true}, Matrix<T>{x, in}, dWeight, in, out, in, rows, true, Products::rounded);
  for (size_t i = 0; i < rows; i++) addScaled(T(1), dy + i * out, dBias, out);
}

}  // namespace kairank
