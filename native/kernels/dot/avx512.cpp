#include "../intrinsics.h"
#include "../unroll.h"
#include "dot.h"
#include "prefetch.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace {

constexpr size_t kRows = 4;  // rows in flight: one load of the query serves all of them

KAIRANK_TARGET_AVX512 inline uint64_t firstLanes(size_t count) {
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

/// Sums of four vectors at once, in order.
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
KAIRANK_TARGET_AVX512 inline void sumF32(const float* query, const float* rows, size_t stride, size_t dim,
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
      sums[r][0] = _mm512_fmadd_ps(q0, _mm512_loadu_ps(row), sums[r][0]);
      sums[r][1] = _mm512_fmadd_ps(q1, _mm512_loadu_ps(row + 16), sums[r][1]);
    }
  }
  for (; k < dim; k += 16) {
    const __mmask16 mask = static_cast<__mmask16>(firstLanes(dim - k));
    const __m512 q = _mm512_maskz_loadu_ps(mask, query + k);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      sums[r][0] = _mm512_fmadd_ps(q, _mm512_maskz_loadu_ps(mask, rows + r * stride + k), sums[r][0]);
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) total[r] = _mm512_add_ps(sums[r][0], sums[r][1]);
}

/// Thirty-two bf16, denormals made zero.
KAIRANK_TARGET_AVX512 inline __m512i flushed(__m512i x) {
  return _mm512_maskz_mov_epi16(_mm512_test_epi16_mask(x, _mm512_set1_epi16(0x7F80)), x);
}

KAIRANK_TARGET_AVX512 inline __m512 evenFloats(__m512i x) { return _mm512_castsi512_ps(_mm512_slli_epi32(x, 16)); }

KAIRANK_TARGET_AVX512 inline __m512 oddFloats(__m512i x) {
  return _mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32(static_cast<int>(0xFFFF0000u))));
}

template <size_t kCount>
KAIRANK_TARGET_AVX512 inline void sumBf16(const uint16_t* query, const uint16_t* rows, size_t stride, size_t dim,
                                          __m512* total) {
  __m512 sums[kCount][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  for (size_t k = 0; k < dim; k += 32) {
    const __mmask32 mask = static_cast<__mmask32>(firstLanes(dim - k));
    const __m512i q = flushed(_mm512_maskz_loadu_epi16(mask, query + k));
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const uint16_t* from = rows + r * stride + k;
      const __m512i row = flushed(_mm512_maskz_loadu_epi16(mask, from));
      sums[r][0] = _mm512_fmadd_ps(evenFloats(q), evenFloats(row), sums[r][0]);
      sums[r][1] = _mm512_fmadd_ps(oddFloats(q), oddFloats(row), sums[r][1]);
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) total[r] = _mm512_add_ps(sums[r][0], sums[r][1]);
}

/// VNNI multiplies unsigned by signed bytes: rows are shifted by 128, and 128 times the sum of the query taken off.
template <size_t kCount>
KAIRANK_TARGET_AVX512 inline void sumI8(const int8_t* query, const int8_t* rows, size_t stride, size_t dim,
                                        __m512i* sums) {
  const __m512i shift = _mm512_set1_epi8(-128);
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r] = _mm512_setzero_si512();
  for (size_t k = 0; k < dim; k += 64) {
    const __mmask64 mask = firstLanes(dim - k);
    const __m512i q = _mm512_maskz_loadu_epi8(mask, query + k);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const int8_t* from = rows + r * stride + k;
      const __m512i row = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, from), shift);
      sums[r] = _mm512_dpbusd_epi32(sums[r], row, q);
    }
  }
}

KAIRANK_TARGET_AVX512 int32_t sumOfBytes(const int8_t* query, size_t dim) {
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i sum = _mm512_setzero_si512();
  for (size_t k = 0; k < dim; k += 64) {
    sum = _mm512_dpbusd_epi32(sum, ones, _mm512_maskz_loadu_epi8(firstLanes(dim - k), query + k));
  }
  return _mm512_reduce_add_epi32(sum);
}

}  // namespace

KAIRANK_TARGET_AVX512 void dotF32Avx512(const float* query, const float* rows, size_t stride, size_t count, size_t dim,
                                        float* out) {
  __m512 sums[kRows];
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    sumF32<kRows>(query, rows + i * stride, stride, dim, sums);
    _mm_storeu_ps(out + i, sumsOf(sums));
  }
  for (; i < count; ++i) {
    sumF32<1>(query, rows + i * stride, stride, dim, sums);
    out[i] = _mm512_reduce_add_ps(sums[0]);
  }
}

KAIRANK_TARGET_AVX512 void dotBf16Avx512(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count,
                                         size_t dim, float* out) {
  __m512 sums[kRows];
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    sumBf16<kRows>(query, rows + i * stride, stride, dim, sums);
    _mm_storeu_ps(out + i, sumsOf(sums));
  }
  for (; i < count; ++i) {
    sumBf16<1>(query, rows + i * stride, stride, dim, sums);
    out[i] = _mm512_reduce_add_ps(sums[0]);
  }
}

KAIRANK_TARGET_AVX512 void dotI8Avx512(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim,
                                       int32_t* out) {
  // Unsigned, so that the shifted sum may wrap round on its way to a result that fits.
  const uint32_t excess = 128u * static_cast<uint32_t>(sumOfBytes(query, dim));
  __m512i sums[kRows];
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    sumI8<kRows>(query, rows + i * stride, stride, dim, sums);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      out[i + r] = static_cast<int32_t>(static_cast<uint32_t>(_mm512_reduce_add_epi32(sums[r])) - excess);
    }
  }
  for (; i < count; ++i) {
    sumI8<1>(query, rows + i * stride, stride, dim, sums);
    out[i] = static_cast<int32_t>(static_cast<uint32_t>(_mm512_reduce_add_epi32(sums[0])) - excess);
  }
}

}  // namespace kairank

#endif
