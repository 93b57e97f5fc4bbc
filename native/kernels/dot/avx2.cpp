#include "../intrinsics.h"
#include "../unroll.h"
#include "dot.h"
#include "prefetch.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {
namespace {

constexpr size_t kRows = 4;  // rows in flight: one load of the query serves all of them

alignas(32) const int32_t kTailMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

/// The first `count` (0 to 8) of eight floats.
KAIRANK_TARGET_AVX2 inline __m256i tailMask(size_t count) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kTailMasks + 8 - count));
}

KAIRANK_TARGET_AVX2 inline float sumOf(__m256 v) {
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

KAIRANK_TARGET_AVX2 inline int32_t sumOf(__m256i v) {
  const __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  const __m128i quarter = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(quarter, _mm_shuffle_epi32(quarter, 0xB1)));
}

/// Sums of four vectors at once, in order.
KAIRANK_TARGET_AVX2 inline __m128 sumsOf(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

KAIRANK_TARGET_AVX2 inline __m128i sumsOf(__m256i a, __m256i b, __m256i c, __m256i d) {
  const __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  return _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

KAIRANK_TARGET_AVX2 float dotOne(const float* a, const float* b, size_t dim) {
  __m256 sum0 = _mm256_setzero_ps();
  __m256 sum1 = _mm256_setzero_ps();
  size_t k = 0;
  for (; k + 16 <= dim; k += 16) {
    sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + k), _mm256_loadu_ps(b + k), sum0);
    sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + k + 8), _mm256_loadu_ps(b + k + 8), sum1);
  }
  for (; k < dim; k += 8) {
    const __m256i mask = tailMask(dim - k < 8 ? dim - k : 8);
    sum0 = _mm256_fmadd_ps(_mm256_maskload_ps(a + k, mask), _mm256_maskload_ps(b + k, mask), sum0);
  }
  return sumOf(_mm256_add_ps(sum0, sum1));
}

KAIRANK_TARGET_AVX2 void dotFour(const float* query, const float* rows, size_t stride, size_t dim, float* out) {
  __m256 sums[kRows][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  size_t k = 0;
  for (; k + 16 <= dim; k += 16) {
    const __m256 q0 = _mm256_loadu_ps(query + k);
    const __m256 q1 = _mm256_loadu_ps(query + k + 8);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      const float* row = rows + r * stride + k;
      sums[r][0] = _mm256_fmadd_ps(q0, _mm256_loadu_ps(row), sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(q1, _mm256_loadu_ps(row + 8), sums[r][1]);
    }
  }
  for (; k < dim; k += 8) {
    const __m256i mask = tailMask(dim - k < 8 ? dim - k : 8);
    const __m256 q = _mm256_maskload_ps(query + k, mask);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      sums[r][0] = _mm256_fmadd_ps(q, _mm256_maskload_ps(rows + r * stride + k, mask), sums[r][0]);
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) sums[r][0] = _mm256_add_ps(sums[r][0], sums[r][1]);
  _mm_storeu_ps(out, sumsOf(sums[0][0], sums[1][0], sums[2][0], sums[3][0]));
}

/// Sixteen bf16, denormals made zero; the odd ones are floats already but for their low half.
KAIRANK_TARGET_AVX2 inline __m256i flushed(__m256i x) {
  const __m256i exponent = _mm256_and_si256(x, _mm256_set1_epi16(0x7F80));
  return _mm256_andnot_si256(_mm256_cmpeq_epi16(exponent, _mm256_setzero_si256()), x);
}

KAIRANK_TARGET_AVX2 inline __m256 evenFloats(__m256i x) { return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16)); }

KAIRANK_TARGET_AVX2 inline __m256 oddFloats(__m256i x) {
  return _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32(static_cast<int>(0xFFFF0000u))));
}

/// The last dim % 16 values of a vector of int16 or, widened, of int8, zeros before or after them. A long vector is
/// read from dim - 16 on, over values that were counted already, and those made zero: cheaper than a copy.
struct Tail {
  size_t dim;
  __m256i kept;  // lanes of the last values

  KAIRANK_TARGET_AVX2 explicit Tail(size_t dim) : dim(dim) {
    alignas(32) int16_t lanes[16];
    for (size_t i = 0; i < 16; ++i) lanes[i] = i >= 16 - dim % 16 ? -1 : 0;
    kept = _mm256_load_si256(reinterpret_cast<const __m256i*>(lanes));
  }

  KAIRANK_TARGET_AVX2 __m256i load(const uint16_t* vector) const {
    if (dim >= 16) {
      const uint16_t* last = vector + dim - 16;
      return _mm256_and_si256(kept, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(last)));
    }
    alignas(32) uint16_t padded[16] = {};
    for (size_t i = 0; i < dim; ++i) padded[i] = vector[i];
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(padded));
  }

  KAIRANK_TARGET_AVX2 __m256i load(const int8_t* vector) const {
    if (dim >= 16) {
      const __m128i last = _mm_loadu_si128(reinterpret_cast<const __m128i*>(vector + dim - 16));
      return _mm256_and_si256(kept, _mm256_cvtepi8_epi16(last));
    }
    alignas(16) int8_t padded[16] = {};
    for (size_t i = 0; i < dim; ++i) padded[i] = vector[i];
    return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(padded)));
  }
};

template <size_t kCount>
KAIRANK_TARGET_AVX2 inline void addBf16(__m256i query, const __m256i* rows, __m256 (*sums)[2]) {
  const __m256i q = flushed(query);
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) {
    const __m256i row = flushed(rows[r]);
    sums[r][0] = _mm256_fmadd_ps(evenFloats(q), evenFloats(row), sums[r][0]);
    sums[r][1] = _mm256_fmadd_ps(oddFloats(q), oddFloats(row), sums[r][1]);
  }
}

template <size_t kCount>
KAIRANK_TARGET_AVX2 inline void sumBf16(const uint16_t* query, const uint16_t* rows, size_t stride, const Tail& tail,
                                        __m256* total) {
  __m256 sums[kCount][2];
  __m256i loaded[kCount];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  for (size_t k = 0; k + 16 <= tail.dim; k += 16) {
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      loaded[r] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows + r * stride + k));
    }
    addBf16<kCount>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(query + k)), loaded, sums);
  }
  if (tail.dim % 16 != 0) {
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) loaded[r] = tail.load(rows + r * stride);
    addBf16<kCount>(tail.load(query), loaded, sums);
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) total[r] = _mm256_add_ps(sums[r][0], sums[r][1]);
}

/// Sixteen int8 as int16: pmaddwd of these cannot overflow, as pmaddubsw would.
KAIRANK_TARGET_AVX2 inline __m256i widened(const int8_t* from) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

template <size_t kCount>
KAIRANK_TARGET_AVX2 inline void sumI8(const int8_t* query, const int8_t* rows, size_t stride, const Tail& tail,
                                      __m256i* total) {
  __m256i sums[kCount];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r] = _mm256_setzero_si256();
  for (size_t k = 0; k + 16 <= tail.dim; k += 16) {
    const __m256i q = widened(query + k);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(q, widened(rows + r * stride + k)));
    }
  }
  if (tail.dim % 16 != 0) {
    const __m256i q = tail.load(query);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(q, tail.load(rows + r * stride)));
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) total[r] = sums[r];
}

}  // namespace

KAIRANK_TARGET_AVX2 void dotF32Avx2(const float* query, const float* rows, size_t stride, size_t count, size_t dim,
                                    float* out) {
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    dotFour(query, rows + i * stride, stride, dim, out + i);
  }
  for (; i < count; ++i) out[i] = dotOne(query, rows + i * stride, dim);
}

KAIRANK_TARGET_AVX2 void dotBf16Avx2(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count,
                                     size_t dim, float* out) {
  const Tail tail(dim);
  __m256 sums[kRows];
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    sumBf16<kRows>(query, rows + i * stride, stride, tail, sums);
    _mm_storeu_ps(out + i, sumsOf(sums[0], sums[1], sums[2], sums[3]));
  }
  for (; i < count; ++i) {
    sumBf16<1>(query, rows + i * stride, stride, tail, sums);
    out[i] = sumOf(sums[0]);
  }
}

KAIRANK_TARGET_AVX2 void dotI8Avx2(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim,
                                   int32_t* out) {
  const Tail tail(dim);
  __m256i sums[kRows];
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    sumI8<kRows>(query, rows + i * stride, stride, tail, sums);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), sumsOf(sums[0], sums[1], sums[2], sums[3]));
  }
  for (; i < count; ++i) {
    sumI8<1>(query, rows + i * stride, stride, tail, sums);
    out[i] = sumOf(sums[0]);
  }
}

}  // namespace kairank

#endif
