#include <cmath>
#include <limits>

#include "convert.h"
#include "quantise.h"

namespace kairank {

void toBf16Scalar(const float* in, uint16_t* out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = bf16Of(in[i]);
}

void fromBf16Scalar(const uint16_t* in, float* out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = floatOf(in[i]);
}

float toI8Scalar(const float* in, int8_t* out, size_t n) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  float largest = 0;
  for (size_t i = 0; i < n; ++i) {
    const float magnitude = std::fabs(in[i]);
    if (magnitude > largest) largest = magnitude;  // false for NaN
  }
  if (largest > kLargest) largest = kLargest;
  if (!(largest > kI8Smallest)) {
    for (size_t i = 0; i < n; ++i) out[i] = 0;
    return 0;
  }
  const float inverse = 127.0f / largest;
  for (size_t i = 0; i < n; ++i) {
    float value = in[i] == in[i] ? in[i] : 0.0f;
    if (value > kLargest) value = kLargest;
    if (value < -kLargest) value = -kLargest;
    out[i] = static_cast<int8_t>(std::nearbyint(value * inverse));
  }
  return largest / 127.0f;
}

}  // namespace kairank
