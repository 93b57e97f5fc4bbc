#include <limits>

#include "../intrinsics.h"
#include "quantise.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace {

KAIRANK_TARGET_AVX512 inline __mmask16 firstLanes(size_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFFu : (1u << count) - 1);
}

/// Sixteen floats to bf16 in the low half of sixteen words.
KAIRANK_TARGET_AVX512 inline __m512i roundedHalves(__m512i bits) {
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7FFFFFFF));
  const __m512i top = _mm512_srli_epi32(bits, 16);
  const __m512i odd = _mm512_and_si512(top, _mm512_set1_epi32(1));
  const __m512i biased = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
  const __m512i quiet = _mm512_or_si512(top, _mm512_set1_epi32(0x40));
  const __m512i zero = _mm512_and_si512(top, _mm512_set1_epi32(0x8000));
  const __mmask16 isNan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7F800000));
  const __mmask16 isDenormal = _mm512_cmpgt_epi32_mask(_mm512_set1_epi32(0x00800000), magnitude);
  const __m512i numbers = _mm512_mask_blend_epi32(isNan, _mm512_srli_epi32(biased, 16), quiet);
  return _mm512_mask_blend_epi32(isDenormal, numbers, zero);
}

/// The largest magnitude; NaN is passed over (max_ps keeps its second operand).
KAIRANK_TARGET_AVX512 float largestMagnitude(const float* in, size_t n) {
  __m512 largest = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += 16) {
    largest = _mm512_max_ps(_mm512_abs_ps(_mm512_maskz_loadu_ps(firstLanes(n - i), in + i)), largest);
  }
  return _mm512_reduce_max_ps(largest);
}

}  // namespace

KAIRANK_TARGET_AVX512 void toBf16Avx512(const float* in, uint16_t* out, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 mask = firstLanes(n - i);
    const __m512i bits = _mm512_castps_si512(_mm512_maskz_loadu_ps(mask, in + i));
    _mm256_mask_storeu_epi16(out + i, mask, _mm512_cvtepi32_epi16(roundedHalves(bits)));
  }
}

KAIRANK_TARGET_AVX512 void fromBf16Avx512(const uint16_t* in, float* out, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 mask = firstLanes(n - i);
    const __m512i half = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, in + i));
    const __m512i bits = _mm512_slli_epi32(half, 16);
    const __mmask16 isNormal = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x7F800000));
    const __m512i zero = _mm512_and_si512(bits, _mm512_set1_epi32(std::numeric_limits<int32_t>::min()));
    _mm512_mask_storeu_ps(out + i, mask, _mm512_castsi512_ps(_mm512_mask_blend_epi32(isNormal, zero, bits)));
  }
}

KAIRANK_TARGET_AVX512 float toI8Avx512(const float* in, int8_t* out, size_t n) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  float largest = largestMagnitude(in, n);
  if (largest > kLargest) largest = kLargest;
  if (!(largest > kI8Smallest)) {
    for (size_t i = 0; i < n; ++i) out[i] = 0;
    return 0;
  }
  const __m512 inverse = _mm512_set1_ps(127.0f / largest);
  const __m512 limit = _mm512_set1_ps(kLargest);
  const __m512 lowest = _mm512_set1_ps(-kLargest);
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 mask = firstLanes(n - i);
    const __m512 value = _mm512_maskz_loadu_ps(mask, in + i);
    const __m512 number = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(value, value, _CMP_ORD_Q), value);
    const __m512 finite = _mm512_max_ps(_mm512_min_ps(number, limit), lowest);
    const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(finite, inverse));
    _mm_mask_storeu_epi8(out + i, mask, _mm512_cvtepi32_epi8(whole));
  }
  return largest / 127.0f;
}

}  // namespace kairank

#endif
