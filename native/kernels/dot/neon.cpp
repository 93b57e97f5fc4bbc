#include "../intrinsics.h"
#include "../quantise/convert.h"
#include "../unroll.h"
#include "dot.h"
#include "prefetch.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {
namespace {

constexpr size_t kRows = 4;  // rows in flight: one load of the query serves all of them

template <size_t kCount>
KAIRANK_TARGET_NEON inline void dotRows(const float* query, const float* rows, size_t stride, size_t dim, float* out) {
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
      sums[r][0] = vfmaq_f32(sums[r][0], q0, vld1q_f32(row));
      sums[r][1] = vfmaq_f32(sums[r][1], q1, vld1q_f32(row + 4));
    }
  }
  if (k + 4 <= dim) {
    const float32x4_t q = vld1q_f32(query + k);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) sums[r][0] = vfmaq_f32(sums[r][0], q, vld1q_f32(rows + r * stride + k));
    k += 4;
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) {
    float sum = vaddvq_f32(vaddq_f32(sums[r][0], sums[r][1]));
    for (size_t tail = k; tail < dim; ++tail) sum += query[tail] * rows[r * stride + tail];
    out[r] = sum;
  }
}

/// Eight bf16, denormals made zero.
KAIRANK_TARGET_NEON inline uint16x8_t flushed(uint16x8_t x) { return vandq_u16(x, vtstq_u16(x, vdupq_n_u16(0x7F80))); }

KAIRANK_TARGET_NEON inline float32x4_t lowFloats(uint16x8_t x) {
  return vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(x), 16));
}

KAIRANK_TARGET_NEON inline float32x4_t highFloats(uint16x8_t x) {
  return vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(x), 16));
}

template <size_t kCount>
KAIRANK_TARGET_NEON inline void dotRows(const uint16_t* query, const uint16_t* rows, size_t stride, size_t dim,
                                        float* out) {
  float32x4_t sums[kCount][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = vdupq_n_f32(0);
  size_t k = 0;
  for (; k + 8 <= dim; k += 8) {
    const uint16x8_t q = flushed(vld1q_u16(query + k));
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const uint16x8_t row = flushed(vld1q_u16(rows + r * stride + k));
      sums[r][0] = vfmaq_f32(sums[r][0], lowFloats(q), lowFloats(row));
      sums[r][1] = vfmaq_f32(sums[r][1], highFloats(q), highFloats(row));
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) {
    float sum = vaddvq_f32(vaddq_f32(sums[r][0], sums[r][1]));
    for (size_t tail = k; tail < dim; ++tail) sum += floatOf(query[tail]) * floatOf(rows[r * stride + tail]);
    out[r] = sum;
  }
}

/// Products of int8 fit int16, pairs of them int32: nothing saturates.
template <size_t kCount>
KAIRANK_TARGET_NEON inline void dotRows(const int8_t* query, const int8_t* rows, size_t stride, size_t dim,
                                        int32_t* out) {
  int32x4_t sums[kCount];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r] = vdupq_n_s32(0);
  size_t k = 0;
  for (; k + 16 <= dim; k += 16) {
    const int8x16_t q = vld1q_s8(query + k);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const int8x16_t row = vld1q_s8(rows + r * stride + k);
      sums[r] = vpadalq_s16(sums[r], vmull_s8(vget_low_s8(q), vget_low_s8(row)));
      sums[r] = vpadalq_s16(sums[r], vmull_s8(vget_high_s8(q), vget_high_s8(row)));
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) {
    int32_t sum = vaddvq_s32(sums[r]);
    for (size_t tail = k; tail < dim; ++tail) sum += query[tail] * rows[r * stride + tail];
    out[r] = sum;
  }
}

template <typename In, typename Out>
void dotAll(const In* query, const In* rows, size_t stride, size_t count, size_t dim, Out* out) {
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    dotRows<kRows>(query, rows + i * stride, stride, dim, out + i);
  }
  for (; i < count; ++i) dotRows<1>(query, rows + i * stride, stride, dim, out + i);
}

}  // namespace

void dotF32Neon(const float* query, const float* rows, size_t stride, size_t count, size_t dim, float* out) {
  dotAll(query, rows, stride, count, dim, out);
}

void dotBf16Neon(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count, size_t dim, float* out) {
  dotAll(query, rows, stride, count, dim, out);
}

void dotI8Neon(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim, int32_t* out) {
  dotAll(query, rows, stride, count, dim, out);
}

}  // namespace kairank

#endif
