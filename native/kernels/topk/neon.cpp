#include "../intrinsics.h"
#include "scan.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {

size_t scanAboveNeon(const float* scores, size_t n, float threshold, uint32_t* out) {
  const float32x4_t limit = vdupq_n_f32(threshold);
  size_t found = 0;
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const uint32x4_t low =
        vorrq_u32(vcgtq_f32(vld1q_f32(scores + i), limit), vcgtq_f32(vld1q_f32(scores + i + 4), limit));
    const uint32x4_t high =
        vorrq_u32(vcgtq_f32(vld1q_f32(scores + i + 8), limit), vcgtq_f32(vld1q_f32(scores + i + 12), limit));
    if (vmaxvq_u32(vorrq_u32(low, high)) == 0) continue;
    for (size_t j = i; j < i + 16; ++j) {
      if (scores[j] > threshold) out[found++] = static_cast<uint32_t>(j);
    }
  }
  for (; i < n; ++i) {
    if (scores[i] > threshold) out[found++] = static_cast<uint32_t>(i);
  }
  return found;
}

}  // namespace kairank

#endif
