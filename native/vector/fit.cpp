#include "fit.h"

#include <algorithm>
#include <cstring>

#include "../include/limits.h"

namespace kairank {

namespace {

constexpr double kLargestSquare = 1e30;  // of a norm
constexpr float kPlain = 1e13f;          // vectors of smaller numbers have a smaller norm: 64 * 1e13 at kMaxDim
constexpr size_t kChunk = 1024;

static_assert(double{kPlain} * kPlain * kMaxDim <= kLargestSquare, "numbers that pass unweighed have a norm that fits");

/// Magnitudes of floats are ordered as their bits are, with infinity and NaN above the others.
bool plain(const float* values, size_t count) {
  constexpr uint32_t kMagnitude = 0x7FFFFFFF;
  uint32_t most = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    most = std::max(most, bits & kMagnitude);
  }
  float largest;
  std::memcpy(&largest, &most, sizeof largest);
  return largest <= kPlain;  // false for NaN
}

bool fits(const float* vector, uint32_t dim) {
  double squares = 0;
  for (uint32_t d = 0; d < dim; d++) squares += static_cast<double>(vector[d]) * vector[d];
  return squares <= kLargestSquare;
}

}  // namespace

size_t firstUnfit(const float* vectors, size_t count, uint32_t dim) {
  const size_t step = std::max<size_t>(1, kChunk / dim);
  for (size_t begin = 0; begin < count; begin += step) {
    const size_t end = std::min(count, begin + step);
    if (plain(vectors + begin * dim, (end - begin) * dim)) continue;
    for (size_t i = begin; i < end; i++) {
      if (!fits(vectors + i * dim, dim)) return i;
    }
  }
  return count;
}

}  // namespace kairank
