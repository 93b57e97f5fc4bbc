#pragma once
// Eight floats at a time, for the attention and softmax kernels of AVX2. What each does is stated in blocked.inc.

#include <cstddef>

#include "../intrinsics.h"
#include "exponential.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {
namespace {

using Lanes = __m256;
constexpr size_t kLanes = 8;

KAIRANK_TARGET_AVX2 inline Lanes load(const float* from) { return _mm256_loadu_ps(from); }
KAIRANK_TARGET_AVX2 inline void store(float* to, Lanes x) { _mm256_storeu_ps(to, x); }
KAIRANK_TARGET_AVX2 inline Lanes broadcast(const float* from) { return _mm256_broadcast_ss(from); }
KAIRANK_TARGET_AVX2 inline Lanes all(float x) { return _mm256_set1_ps(x); }
KAIRANK_TARGET_AVX2 inline Lanes fma(Lanes a, Lanes b, Lanes c) { return _mm256_fmadd_ps(a, b, c); }
KAIRANK_TARGET_AVX2 inline Lanes add(Lanes a, Lanes b) { return _mm256_add_ps(a, b); }
KAIRANK_TARGET_AVX2 inline Lanes sub(Lanes a, Lanes b) { return _mm256_sub_ps(a, b); }
KAIRANK_TARGET_AVX2 inline Lanes mul(Lanes a, Lanes b) { return _mm256_mul_ps(a, b); }
KAIRANK_TARGET_AVX2 inline Lanes largerOf(Lanes a, Lanes b) { return _mm256_max_ps(a, b); }

KAIRANK_TARGET_AVX2 inline void storeFirst(float* to, Lanes x, size_t n) {
  const __m256i order = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  _mm256_maskstore_ps(to, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), order), x);
}

KAIRANK_TARGET_AVX2 inline Lanes exp2(Lanes x) {
  const __m256 kept = _mm256_max_ps(_mm256_set1_ps(kExp2Least), x);
  const __m256 power = _mm256_round_ps(kept, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256 rest = _mm256_sub_ps(kept, power);
  __m256 value = _mm256_fmadd_ps(_mm256_set1_ps(kExp2C5), rest, _mm256_set1_ps(kExp2C4));
  value = _mm256_fmadd_ps(value, rest, _mm256_set1_ps(kExp2C3));
  value = _mm256_fmadd_ps(value, rest, _mm256_set1_ps(kExp2C2));
  value = _mm256_fmadd_ps(value, rest, _mm256_set1_ps(kExp2C1));
  value = _mm256_fmadd_ps(value, rest, _mm256_set1_ps(1.0f));
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(power), 23);  // 0 for NaN
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(value), exponent));
}

KAIRANK_TARGET_AVX2 inline Lanes largestOf(Lanes x) {
  x = _mm256_max_ps(x, _mm256_permute2f128_ps(x, x, 1));
  x = _mm256_max_ps(x, _mm256_shuffle_ps(x, x, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm256_max_ps(x, _mm256_shuffle_ps(x, x, _MM_SHUFFLE(2, 3, 0, 1)));
}

KAIRANK_TARGET_AVX2 inline float sumOf(Lanes x) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

}  // namespace
}  // namespace kairank

#endif
