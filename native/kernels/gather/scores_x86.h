#pragma once
// From the sums of a group to its scores, for AVX2 and, whose vectors are halved first, for AVX-512.

#include "../intrinsics.h"
#include "../table.h"
#include "group.h"

#if defined(KAIRANK_WITH_AVX2) || defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace gather {

/// Sums of neighbours, lane by lane of 128 bits: two of a, then two of b.
KAIRANK_TARGET_AVX2 inline __m256i neighbours(__m256i a, __m256i b) {
  const __m256 x = _mm256_castsi256_ps(a);
  const __m256 y = _mm256_castsi256_ps(b);
  return _mm256_add_epi32(_mm256_castps_si256(_mm256_shuffle_ps(x, y, 0x88)),
                          _mm256_castps_si256(_mm256_shuffle_ps(x, y, 0xDD)));
}

/// Sums of four vectors, in order.
KAIRANK_TARGET_AVX2 inline __m128i sumsOf(const __m256i* sums) {
  const __m256i lanes = neighbours(neighbours(sums[0], sums[1]), neighbours(sums[2], sums[3]));
  return _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
}

/// The trailers of two rows: scale, bias, scale, bias.
KAIRANK_TARGET_AVX2 inline __m128 trailersOf(const uint8_t* first, const uint8_t* second) {
  const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(first));
  const __m128i high = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(second));
  return _mm_castsi128_ps(_mm_unpacklo_epi64(low, high));
}

/// Every step rounds, as gather.h has it.
KAIRANK_TARGET_AVX2 inline void storeScores(const CodeQuery& query, const Group& group, size_t trailer, __m128i sums,
                                            float* out) {
  const __m128 first = trailersOf(group.at[0] + trailer, group.at[1] + trailer);
  const __m128 second = trailersOf(group.at[2] + trailer, group.at[3] + trailer);
  const __m128 scale = _mm_shuffle_ps(first, second, 0x88);
  const __m128 bias = _mm_shuffle_ps(first, second, 0xDD);
  const __m128 product = _mm_mul_ps(_mm_set1_ps(query.scale), _mm_cvtepi32_ps(sums));
  const __m128 shifted = _mm_add_ps(product, _mm_set1_ps(query.offset));
  _mm_storeu_ps(out, _mm_add_ps(_mm_mul_ps(scale, shifted), bias));
}

}  // namespace gather
}  // namespace kairank

#endif
