#include "../dot/prefetch.h"
#include "../intrinsics.h"
#include "../unroll.h"
#include "l2.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {
namespace {

constexpr size_t kRows = 4;  // rows in flight: one load of the query serves all of them

template <size_t kCount>
KAIRANK_TARGET_NEON inline void l2Rows(const float* query, const float* rows, size_t stride, size_t dim, float* out) {
  float32x4_t sums[kCount][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = vdupq_n_f32(0);
  size_t k = 0;
  for (; k + 8 <= dim; k += 8) {
    const float32x4_t q0 = vld1q_f32(query + k);
    const float32x4_t q1 = vld1q_f32(query + k + 4);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const float* row = rows + r * stride + k;
      const float32x4_t d0 = vsubq_f32(q0, vld1q_f32(row));
      const float32x4_t d1 = vsubq_f32(q1, vld1q_f32(row + 4));
      sums[r][0] = vfmaq_f32(sums[r][0], d0, d0);
      sums[r][1] = vfmaq_f32(sums[r][1], d1, d1);
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) {
    float sum = vaddvq_f32(vaddq_f32(sums[r][0], sums[r][1]));
    for (size_t tail = k; tail < dim; ++tail) {
      const float difference = query[tail] - rows[r * stride + tail];
      sum += difference * difference;
    }
    out[r] = sum;
  }
}

}  // namespace

KAIRANK_TARGET_NEON void l2F32Neon(const float* query, const float* rows, size_t stride, size_t count, size_t dim,
                                   float* out) {
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    l2Rows<kRows>(query, rows + i * stride, stride, dim, out + i);
  }
  for (; i < count; ++i) l2Rows<1>(query, rows + i * stride, stride, dim, out + i);
}

}  // namespace kairank

#endif
