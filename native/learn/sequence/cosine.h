#pragma once
// Scores that are cosines: vectors are scaled to a fixed length on the way forward, gradients brought back.

#include <cstddef>

#include "matrix.h"

namespace kairank {

/// From the gradient by a vector of a fixed length to that by what was multiplied by `scale` to make it: lengths
/// change nothing, so that no part of it points along the vector.
template <typename T>
void unscaleGradient(const T* vector, T length, T scale, T* gradient, size_t dim) {
  const T along = dotProduct(vector, gradient, dim) / (length * length);
  for (size_t d = 0; d < dim; d++) gradient[d] = scale * (gradient[d] - along * vector[d]);
}

}  // namespace kairank
