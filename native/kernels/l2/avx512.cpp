#include "../dot/prefetch.h"
#include "../intrinsics.h"
#include "../unroll.h"
#include "l2.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace {

constexpr size_t kRows = 4;  // rows in flight: one load of the query serves all of them

/// The sums of each row, to be added in the same order whatever their number: equal rows, equal sums.
KAIRANK_TARGET_AVX512 inline __m128 sumsOf(const __m512* sums) {
  __m256 halves[4];
  KAIRANK_UNROLL
  for (size_t r = 0; r < 4; ++r) {
    halves[r] = _mm256_add_ps(_mm512_castps512_ps256(sums[r]), _mm512_extractf32x8_ps(sums[r], 1));
  }
  const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(halves[0], halves[1]), _mm256_hadd_ps(halves[2], halves[3]));
  return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

template <size_t kCount>
KAIRANK_TARGET_AVX512 inline void sumRows(const float* query, const float* rows, size_t stride, size_t dim,
                                          __m512* total) {
  __m512 sums[kCount][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  size_t k = 0;
  for (; k + 32 <= dim; k += 32) {
    const __m512 q0 = _mm512_loadu_ps(query + k);
    const __m512 q1 = _mm512_loadu_ps(query + k + 16);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const float* row = rows + r * stride + k;
      const __m512 d0 = _mm512_sub_ps(q0, _mm512_loadu_ps(row));
      const __m512 d1 = _mm512_sub_ps(q1, _mm512_loadu_ps(row + 16));
      sums[r][0] = _mm512_fmadd_ps(d0, d0, sums[r][0]);
      sums[r][1] = _mm512_fmadd_ps(d1, d1, sums[r][1]);
    }
  }
  for (; k < dim; k += 16) {
    const uint32_t lanes = dim - k >= 16 ? 0xFFFFu : (1u << (dim - k)) - 1;
    const __mmask16 mask = static_cast<__mmask16>(lanes);
    const __m512 q = _mm512_maskz_loadu_ps(mask, query + k);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const __m512 d = _mm512_sub_ps(q, _mm512_maskz_loadu_ps(mask, rows + r * stride + k));
      sums[r][0] = _mm512_fmadd_ps(d, d, sums[r][0]);
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) total[r] = _mm512_add_ps(sums[r][0], sums[r][1]);
}

}  // namespace

KAIRANK_TARGET_AVX512 void l2F32Avx512(const float* query, const float* rows, size_t stride, size_t count, size_t dim,
                                       float* out) {
  __m512 sums[kRows];
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    sumRows<kRows>(query, rows + i * stride, stride, dim, sums);
    _mm_storeu_ps(out + i, sumsOf(sums));
  }
  for (size_t r = 1; r < kRows; ++r) sums[r] = _mm512_setzero_ps();
  for (; i < count; ++i) {
    sumRows<1>(query, rows + i * stride, stride, dim, sums);
    out[i] = _mm_cvtss_f32(sumsOf(sums));
  }
}

}  // namespace kairank

#endif
