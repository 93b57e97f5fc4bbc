#pragma once
// Causal attention of several heads over ragged sequences, with a learned bias for each distance (as in T5, Raffel et
// al. 2020, one bucket a distance). An event attends to itself and to the window - 1 events before it:
//   out_i = sum_j softmax_j(<q_i, k_j> / sqrt(width) + distance[i - j]) v_j.

#include <algorithm>
#include <cmath>
#include <vector>

#include "matrix.h"

namespace kairank {

/// Sequence s owns rows offsets[s] .. offsets[s + 1].
struct AttentionShape {
  const std::vector<uint32_t>& offsets;
  size_t dim;
  size_t heads;
  size_t window;
};

/// Weights that attention keeps for the way back: a row's, head by head, one row after another.
inline size_t attentionWeights(const AttentionShape& shape) {
  size_t count = 0;
  for (size_t s = 0; s + 1 < shape.offsets.size(); s++) {
    for (size_t p = 0; p < shape.offsets[s + 1] - shape.offsets[s]; p++) count += std::min(p + 1, shape.window);
  }
  return count * shape.heads;
}

/// projected: rows x 3 dim (query, key, value); distance: heads x window; out: rows x dim.
template <typename T>
void attentionForward(const AttentionShape& shape, const T* projected, const T* distance, T* out, T* weights) {
  const size_t dim = shape.dim;
  const size_t width = dim / shape.heads;
  const T scale = 1 / std::sqrt(static_cast<T>(width));
  for (size_t s = 0; s + 1 < shape.offsets.size(); s++) {
    for (size_t i = shape.offsets[s]; i < shape.offsets[s + 1]; i++) {
      const size_t count = std::min<size_t>(i - shape.offsets[s] + 1, shape.window);
      for (size_t h = 0; h < shape.heads; h++, weights += count) {
        const T* query = projected + i * 3 * dim + h * width;
        T largest = 0;
        for (size_t back = 0; back < count; back++) {
          const T* key = projected + (i - back) * 3 * dim + dim + h * width;
          weights[back] = scale * dotProduct(query, key, width) + distance[h * shape.window + back];
          largest = back == 0 ? weights[0] : std::max(largest, weights[back]);
        }
        T sum = 0;
        for (size_t back = 0; back < count; back++) sum += weights[back] = std::exp(weights[back] - largest);
        T* to = out + i * dim + h * width;
        std::fill_n(to, width, T(0));
        for (size_t back = 0; back < count; back++) {
          weights[back] /= sum;
          addScaled(weights[back], projected + (i - back) * 3 * dim + 2 * dim + h * width, to, width);
        }
      }
    }
  }
}

/// Sets dProjected, adds to dDistance.
template <typename T>
void attentionBackward(const AttentionShape& shape, const T* projected, const T* weights, const T* dOut, T* dProjected,
                       T* dDistance) {
  const size_t dim = shape.dim;
  const size_t width = dim / shape.heads;
  const T scale = 1 / std::sqrt(static_cast<T>(width));
  std::vector<T> pulls(shape.window);
  std::fill_n(dProjected, shape.offsets.back() * 3 * dim, T(0));
  for (size_t s = 0; s + 1 < shape.offsets.size(); s++) {
    for (size_t i = shape.offsets[s]; i < shape.offsets[s + 1]; i++) {
      const size_t count = std::min<size_t>(i - shape.offsets[s] + 1, shape.window);
      for (size_t h = 0; h < shape.heads; h++, weights += count) {
        const T* from = dOut + i * dim + h * width;
        T mean = 0;
        for (size_t back = 0; back < count; back++) {
          const size_t value = (i - back) * 3 * dim + 2 * dim + h * width;
          pulls[back] = dotProduct(from, projected + value, width);
          mean += weights[back] * pulls[back];
          addScaled(weights[back], from, dProjected + value, width);
        }
        const size_t query = i * 3 * dim + h * width;
        for (size_t back = 0; back < count; back++) {
          const size_t key = (i - back) * 3 * dim + dim + h * width;
          const T pull = weights[back] * (pulls[back] - mean);
          dDistance[h * shape.window + back] += pull;
          addScaled(scale * pull, projected + key, dProjected + query, width);
          addScaled(scale * pull, projected + query, dProjected + key, width);
        }
      }
    }
  }
}

}  // namespace kairank
