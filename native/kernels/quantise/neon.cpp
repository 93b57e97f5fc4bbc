#include <limits>

#include "../intrinsics.h"
#include "convert.h"
#include "quantise.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {
namespace {

/// Four floats to bf16.
KAIRANK_TARGET_NEON inline uint16x4_t roundedHalves(uint32x4_t bits) {
  const uint32x4_t magnitude = vandq_u32(bits, vdupq_n_u32(0x7FFFFFFF));
  const uint32x4_t top = vshrq_n_u32(bits, 16);
  const uint32x4_t odd = vandq_u32(top, vdupq_n_u32(1));
  const uint32x4_t rounded = vshrq_n_u32(vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7FFF))), 16);
  const uint32x4_t quiet = vorrq_u32(top, vdupq_n_u32(0x40));
  const uint32x4_t zero = vandq_u32(top, vdupq_n_u32(0x8000));
  const uint32x4_t numbers = vbslq_u32(vcgtq_u32(magnitude, vdupq_n_u32(0x7F800000)), quiet, rounded);
  return vmovn_u32(vbslq_u32(vcltq_u32(magnitude, vdupq_n_u32(0x00800000)), zero, numbers));
}

KAIRANK_TARGET_NEON float largestMagnitude(const float* in, size_t n) {
  float32x4_t largest = vdupq_n_f32(0);
  size_t i = 0;
  for (; i + 4 <= n; i += 4) largest = vmaxnmq_f32(largest, vabsq_f32(vld1q_f32(in + i)));  // passes over NaN
  float found = vmaxnmvq_f32(largest);
  for (; i < n; ++i) {
    const float magnitude = in[i] < 0 ? -in[i] : in[i];
    found = magnitude > found ? magnitude : found;
  }
  return found;
}

/// Four floats to whole numbers of -127 to 127: NaN counts as 0, infinities as the largest finite number.
KAIRANK_TARGET_NEON inline int32x4_t wholeNumbers(float32x4_t value, float32x4_t inverse) {
  const float32x4_t limit = vdupq_n_f32(std::numeric_limits<float>::max());
  const uint32x4_t isNumber = vceqq_f32(value, value);
  const float32x4_t number = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(value), isNumber));
  const float32x4_t finite = vmaxq_f32(vminq_f32(number, limit), vnegq_f32(limit));
  return vcvtnq_s32_f32(vmulq_f32(finite, inverse));
}

}  // namespace

void toBf16Neon(const float* in, uint16_t* out, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4) vst1_u16(out + i, roundedHalves(vreinterpretq_u32_f32(vld1q_f32(in + i))));
  for (; i < n; ++i) out[i] = bf16Of(in[i]);
}

void fromBf16Neon(const uint16_t* in, float* out, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const uint32x4_t bits = vshll_n_u16(vld1_u16(in + i), 16);
    const uint32x4_t isNormal = vtstq_u32(bits, vdupq_n_u32(0x7F800000));
    const uint32x4_t zero = vandq_u32(bits, vdupq_n_u32(0x80000000));
    vst1q_f32(out + i, vreinterpretq_f32_u32(vbslq_u32(isNormal, bits, zero)));
  }
  for (; i < n; ++i) out[i] = floatOf(in[i]);
}

float toI8Neon(const float* in, int8_t* out, size_t n) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  float largest = largestMagnitude(in, n);
  if (largest > kLargest) largest = kLargest;
  if (!(largest > kI8Smallest)) {
    for (size_t i = 0; i < n; ++i) out[i] = 0;
    return 0;
  }
  const float32x4_t inverse = vdupq_n_f32(127.0f / largest);
  for (size_t i = 0; i < n; i += 8) {
    float padded[8] = {};
    const float* from = in + i;
    const size_t count = n - i < 8 ? n - i : 8;
    if (count < 8) {
      for (size_t j = 0; j < count; ++j) padded[j] = from[j];
      from = padded;
    }
    const int16x4_t low = vmovn_s32(wholeNumbers(vld1q_f32(from), inverse));
    const int16x4_t high = vmovn_s32(wholeNumbers(vld1q_f32(from + 4), inverse));
    int8_t bytes[8];
    vst1_s8(bytes, vmovn_s16(vcombine_s16(low, high)));
    for (size_t j = 0; j < count; ++j) out[i + j] = bytes[j];
  }
  return largest / 127.0f;
}

}  // namespace kairank

#endif
