#pragma once
// What a dot product should be, in double, and how far f32 may be from it (native/kernels/dot/dot.h).

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

constexpr double kUnit = 0x1p-24;       // half an ulp of 1 in f32
constexpr double kSmallest = 0x1p-126;  // what one product may lose by underflow

struct Expected {
  double value = 0;
  double magnitude = 0;  // sum of |a_k b_k|
};

inline double asReal(float value) { return value; }

inline float bf16AsFloat(uint16_t value) {
  const uint32_t bits = static_cast<uint32_t>(value) << 16;
  float out;
  std::memcpy(&out, &bits, 4);
  return out;
}

/// bf16, its denormals zero.
inline double asReal(uint16_t value) {
  const float exact = bf16AsFloat(value);
  return std::fpclassify(exact) == FP_SUBNORMAL ? 0.0 : static_cast<double>(exact);
}

template <typename T>
Expected expectedDot(const T* a, const T* b, size_t dim) {
  Expected sum;
  for (size_t k = 0; k < dim; ++k) {
    const double product = asReal(a[k]) * asReal(b[k]);
    sum.value += product;
    sum.magnitude += std::fabs(product);
  }
  return sum;
}

inline int64_t expectedDot(const int8_t* a, const int8_t* b, size_t dim) {
  int64_t sum = 0;
  for (size_t k = 0; k < dim; ++k) sum += static_cast<int64_t>(a[k]) * b[k];
  return sum;
}

/// Whether an f32 is within `units` of kUnit x magnitude; NaN and infinities must be the same.
inline bool agrees(float got, const Expected& expected, double units, size_t dim) {
  if (std::isnan(expected.value)) return std::isnan(got);
  if (std::isinf(expected.value)) return static_cast<double>(got) == expected.value;
  const double room = units * kUnit * expected.magnitude + static_cast<double>(dim + 1) * kSmallest;
  return std::fabs(static_cast<double>(got) - expected.value) <= room;
}
