#include "../intrinsics.h"
#include "axpy.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {

void axpyF32Neon(float alpha, const float* x, float* y, size_t n) {
  const float32x4_t factor = vdupq_n_f32(alpha);
  size_t i = 0;
  for (; i + 4 <= n; i += 4) vst1q_f32(y + i, vfmaq_f32(vld1q_f32(y + i), factor, vld1q_f32(x + i)));
  for (; i < n; ++i) y[i] += alpha * x[i];
}

}  // namespace kairank

#endif
