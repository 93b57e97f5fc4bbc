#pragma once
// Four floats at a time, for the attention and softmax kernels of NEON. What each does is stated in blocked.inc.

#include <cstddef>

#include "../intrinsics.h"
#include "exponential.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {
namespace {

using Lanes = float32x4_t;
constexpr size_t kLanes = 4;

inline Lanes load(const float* from) { return vld1q_f32(from); }
inline void store(float* to, Lanes x) { vst1q_f32(to, x); }
inline Lanes broadcast(const float* from) { return vld1q_dup_f32(from); }
inline Lanes all(float x) { return vdupq_n_f32(x); }
inline Lanes fma(Lanes a, Lanes b, Lanes c) { return vfmaq_f32(c, a, b); }
inline Lanes add(Lanes a, Lanes b) { return vaddq_f32(a, b); }
inline Lanes sub(Lanes a, Lanes b) { return vsubq_f32(a, b); }
inline Lanes mul(Lanes a, Lanes b) { return vmulq_f32(a, b); }

/// FMAXNM takes the number where the other is NaN; b is a number here, always.
inline Lanes largerOf(Lanes a, Lanes b) { return vmaxnmq_f32(a, b); }

inline void storeFirst(float* to, Lanes x, size_t n) {
  float lanes[kLanes];
  vst1q_f32(lanes, x);
  for (size_t i = 0; i < n; ++i) to[i] = lanes[i];
}

inline Lanes exp2(Lanes x) {
  const float32x4_t kept = vmaxq_f32(vdupq_n_f32(kExp2Least), x);  // FMAX keeps NaN
  const float32x4_t power = vrndnq_f32(kept);
  const float32x4_t rest = vsubq_f32(kept, power);
  float32x4_t value = vfmaq_f32(vdupq_n_f32(kExp2C4), vdupq_n_f32(kExp2C5), rest);
  value = vfmaq_f32(vdupq_n_f32(kExp2C3), value, rest);
  value = vfmaq_f32(vdupq_n_f32(kExp2C2), value, rest);
  value = vfmaq_f32(vdupq_n_f32(kExp2C1), value, rest);
  value = vfmaq_f32(vdupq_n_f32(1.0f), value, rest);
  const int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(power), 23);  // 0 for NaN
  return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(value), exponent));
}

inline Lanes largestOf(Lanes x) { return vdupq_n_f32(vmaxvq_f32(x)); }

inline float sumOf(Lanes x) { return vaddvq_f32(x); }

}  // namespace
}  // namespace kairank

#endif
