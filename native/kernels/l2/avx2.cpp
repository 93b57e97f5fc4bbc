#include "../dot/prefetch.h"
#include "../intrinsics.h"
#include "../unroll.h"
#include "l2.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {
namespace {

constexpr size_t kRows = 4;  // rows in flight: one load of the query serves all of them

alignas(32) const int32_t kTailMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

/// The sums of each row, to be added in the same order whatever their number: equal rows, equal sums.
KAIRANK_TARGET_AVX2 inline __m128 sumsOf(const __m256* sums) {
  const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(sums[0], sums[1]), _mm256_hadd_ps(sums[2], sums[3]));
  return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

template <size_t kCount>
KAIRANK_TARGET_AVX2 inline void sumRows(const float* query, const float* rows, size_t stride, size_t dim,
                                        __m256* total) {
  __m256 sums[kCount][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  size_t k = 0;
  for (; k + 16 <= dim; k += 16) {
    const __m256 q0 = _mm256_loadu_ps(query + k);
    const __m256 q1 = _mm256_loadu_ps(query + k + 8);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const float* row = rows + r * stride + k;
      const __m256 d0 = _mm256_sub_ps(q0, _mm256_loadu_ps(row));
      const __m256 d1 = _mm256_sub_ps(q1, _mm256_loadu_ps(row + 8));
      sums[r][0] = _mm256_fmadd_ps(d0, d0, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(d1, d1, sums[r][1]);
    }
  }
  for (; k < dim; k += 8) {
    const size_t left = dim - k < 8 ? dim - k : 8;
    const __m256i mask = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kTailMasks + 8 - left));
    const __m256 q = _mm256_maskload_ps(query + k, mask);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const __m256 d = _mm256_sub_ps(q, _mm256_maskload_ps(rows + r * stride + k, mask));
      sums[r][0] = _mm256_fmadd_ps(d, d, sums[r][0]);
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) total[r] = _mm256_add_ps(sums[r][0], sums[r][1]);
}

}  // namespace

KAIRANK_TARGET_AVX2 void l2F32Avx2(const float* query, const float* rows, size_t stride, size_t count, size_t dim,
                                   float* out) {
  __m256 sums[kRows];
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    sumRows<kRows>(query, rows + i * stride, stride, dim, sums);
    _mm_storeu_ps(out + i, sumsOf(sums));
  }
  for (size_t r = 1; r < kRows; ++r) sums[r] = _mm256_setzero_ps();
  for (; i < count; ++i) {
    sumRows<1>(query, rows + i * stride, stride, dim, sums);
    out[i] = _mm_cvtss_f32(sumsOf(sums));
  }
}

}  // namespace kairank

#endif
