#pragma once
// Sixteen floats at a time, for the attention and softmax kernels of AVX-512 and AMX. What each does is stated in
// blocked.inc.

#include <cstddef>

#include "../intrinsics.h"
#include "exponential.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace {

using Lanes = __m512;
constexpr size_t kLanes = 16;

KAIRANK_TARGET_AVX512 inline Lanes load(const float* from) { return _mm512_loadu_ps(from); }
KAIRANK_TARGET_AVX512 inline void store(float* to, Lanes x) { _mm512_storeu_ps(to, x); }
KAIRANK_TARGET_AVX512 inline Lanes broadcast(const float* from) { return _mm512_set1_ps(*from); }
KAIRANK_TARGET_AVX512 inline Lanes all(float x) { return _mm512_set1_ps(x); }
KAIRANK_TARGET_AVX512 inline Lanes fma(Lanes a, Lanes b, Lanes c) { return _mm512_fmadd_ps(a, b, c); }
KAIRANK_TARGET_AVX512 inline Lanes add(Lanes a, Lanes b) { return _mm512_add_ps(a, b); }
KAIRANK_TARGET_AVX512 inline Lanes sub(Lanes a, Lanes b) { return _mm512_sub_ps(a, b); }
KAIRANK_TARGET_AVX512 inline Lanes mul(Lanes a, Lanes b) { return _mm512_mul_ps(a, b); }
KAIRANK_TARGET_AVX512 inline Lanes largerOf(Lanes a, Lanes b) { return _mm512_max_ps(a, b); }

KAIRANK_TARGET_AVX512 inline __mmask16 firstLanes(size_t n) { return static_cast<__mmask16>((1u << n) - 1u); }

KAIRANK_TARGET_AVX512 inline void storeFirst(float* to, Lanes x, size_t n) {
  _mm512_mask_storeu_ps(to, firstLanes(n), x);
}

KAIRANK_TARGET_AVX512 inline Lanes exp2(Lanes x) {
  const __m512 kept = _mm512_max_ps(_mm512_set1_ps(kExp2Least), x);
  const __m512 power = _mm512_roundscale_ps(kept, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 rest = _mm512_sub_ps(kept, power);
  __m512 value = _mm512_fmadd_ps(_mm512_set1_ps(kExp2C5), rest, _mm512_set1_ps(kExp2C4));
  value = _mm512_fmadd_ps(value, rest, _mm512_set1_ps(kExp2C3));
  value = _mm512_fmadd_ps(value, rest, _mm512_set1_ps(kExp2C2));
  value = _mm512_fmadd_ps(value, rest, _mm512_set1_ps(kExp2C1));
  value = _mm512_fmadd_ps(value, rest, _mm512_set1_ps(1.0f));
  const __m512i exponent = _mm512_slli_epi32(_mm512_cvtps_epi32(power), 23);  // 0 for NaN
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(value), exponent));
}

KAIRANK_TARGET_AVX512 inline Lanes largestOf(Lanes x) { return _mm512_set1_ps(_mm512_reduce_max_ps(x)); }

KAIRANK_TARGET_AVX512 inline float sumOf(Lanes x) { return _mm512_reduce_add_ps(x); }

}  // namespace
}  // namespace kairank

#endif
