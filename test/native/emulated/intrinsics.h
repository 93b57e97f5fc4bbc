#pragma once
// AVX-512 without the CPU: SIMDe's portable implementations under the names of the intrinsics, and our own of what it
// lacks or takes less strictly. Masked loads and stores touch only the lanes of the mask.

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

#include "../../../native/kernels/quantise/convert.h"
#include "bf16.h"

typedef simde__mmask8 __mmask8;
typedef simde__mmask16 __mmask16;
typedef simde__mmask32 __mmask32;
typedef simde__mmask64 __mmask64;

namespace kairank {
namespace emulated {

/// The lanes of a vector as an array.
template <typename T, typename Vector>
struct Lanes {
  static constexpr size_t kCount = sizeof(Vector) / sizeof(T);
  T at[kCount] = {};

  Lanes() = default;
  explicit Lanes(const Vector& vector) { std::memcpy(at, &vector, sizeof at); }
  Vector vector() const {
    Vector out;
    std::memcpy(&out, at, sizeof at);
    return out;
  }
};

template <typename T, typename Vector>
Vector loadMasked(Vector otherwise, uint64_t mask, const void* from) {
  Lanes<T, Vector> lanes(otherwise);
  for (size_t i = 0; i < lanes.kCount; ++i) {
    if ((mask >> i) & 1) std::memcpy(&lanes.at[i], static_cast<const char*>(from) + i * sizeof(T), sizeof(T));
  }
  return lanes.vector();
}

template <typename T, typename Vector>
void storeMasked(void* to, uint64_t mask, Vector vector) {
  const Lanes<T, Vector> lanes(vector);
  for (size_t i = 0; i < lanes.kCount; ++i) {
    if ((mask >> i) & 1) std::memcpy(static_cast<char*>(to) + i * sizeof(T), &lanes.at[i], sizeof(T));
  }
}

/// Lane by lane to another type, as static_cast does it (VPMOVZX, VPMOVDW, VPMOVDB).
template <typename From, typename To, typename Out, typename In>
Out convertLanes(In in) {
  const Lanes<From, In> from(in);
  Lanes<To, Out> to;
  static_assert(from.kCount == to.kCount, "the two vectors have as many lanes");
  for (size_t i = 0; i < from.kCount; ++i) to.at[i] = static_cast<To>(from.at[i]);
  return to.vector();
}

/// VCVTPS2DQ: to nearest, ties to even; what does not fit, and NaN, becomes the smallest integer.
inline simde__m512i toWhole(simde__m512 in) {
  const Lanes<float, simde__m512> from(in);
  Lanes<int32_t, simde__m512i> to;
  for (size_t i = 0; i < from.kCount; ++i) {
    const bool fits = from.at[i] >= -0x1p31f && from.at[i] < 0x1p31f;
    to.at[i] = fits ? static_cast<int32_t>(std::nearbyint(from.at[i])) : INT32_MIN;
  }
  return to.vector();
}

template <typename T, typename Vector>
T sumLanes(Vector vector) {
  const Lanes<T, Vector> lanes(vector);
  T sum = 0;
  for (size_t i = 0; i < lanes.kCount; ++i) sum += lanes.at[i];
  return sum;
}

/// Largest lane as a tree of VMAXPS takes it: the second operand where one is NaN.
inline float largestLane(simde__m512 vector) {
  Lanes<float, simde__m512> lanes(vector);
  for (size_t half = lanes.kCount / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) lanes.at[i] = lanes.at[i] > lanes.at[i + half] ? lanes.at[i] : lanes.at[i + half];
  }
  return lanes.at[0];
}

inline simde__m256 upperHalf(simde__m512 vector, int half) {
  simde__m256 out;
  std::memcpy(&out, reinterpret_cast<const char*>(&vector) + half * 32, sizeof out);
  return out;
}

/// VCVTNEPS2BF16: to nearest, ties to even, denormals zero, NaN made quiet.
inline simde__m256i roundToBf16(simde__m512 in) {
  const Lanes<float, simde__m512> from(in);
  Lanes<uint16_t, simde__m256i> to;
  for (size_t i = 0; i < from.kCount; ++i) to.at[i] = bf16Of(from.at[i]);
  return to.vector();
}

/// VDPBF16PS: the odd products first, then the even ones, denormals zero throughout.
inline simde__m512 dotPairs(simde__m512 sum, simde__m512bh a, simde__m512bh b) {
  Lanes<float, simde__m512> sums(sum);
  const Lanes<uint16_t, simde__m512bh> x(a);
  const Lanes<uint16_t, simde__m512bh> y(b);
  for (size_t i = 0; i < sums.kCount; ++i) {
    const float odd = flush(std::fma(bf16Operand(x.at[2 * i + 1]), bf16Operand(y.at[2 * i + 1]), flush(sums.at[i])));
    sums.at[i] = flush(std::fma(bf16Operand(x.at[2 * i]), bf16Operand(y.at[2 * i]), odd));
  }
  return sums.vector();
}

}  // namespace emulated
}  // namespace kairank

#define KAIRANK_EMULATED(function) kairank::emulated::function

#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps(sum, a, b) KAIRANK_EMULATED(dotPairs)(sum, a, b)

#define _mm512_maskz_loadu_ps(mask, from) \
  (KAIRANK_EMULATED(loadMasked) < float, simde__m512 > (_mm512_setzero_ps(), mask, from))
#define _mm512_mask_storeu_ps(to, mask, v) (KAIRANK_EMULATED(storeMasked) < float, simde__m512 > (to, mask, v))
#define _mm512_maskz_loadu_epi8(mask, from) \
  (KAIRANK_EMULATED(loadMasked) < uint8_t, simde__m512i > (_mm512_setzero_si512(), mask, from))
#define _mm512_mask_storeu_epi8(to, mask, v) (KAIRANK_EMULATED(storeMasked) < uint8_t, simde__m512i > (to, mask, v))
#define _mm512_maskz_loadu_epi16(mask, from) \
  (KAIRANK_EMULATED(loadMasked) < uint16_t, simde__m512i > (_mm512_setzero_si512(), mask, from))
#define _mm512_mask_storeu_epi16(to, mask, v) (KAIRANK_EMULATED(storeMasked) < uint16_t, simde__m512i > (to, mask, v))
#define _mm256_maskz_loadu_epi16(mask, from) \
  (KAIRANK_EMULATED(loadMasked) < uint16_t, simde__m256i > (_mm256_setzero_si256(), mask, from))
#define _mm256_mask_storeu_epi16(to, mask, v) (KAIRANK_EMULATED(storeMasked) < uint16_t, simde__m256i > (to, mask, v))
#define _mm_mask_storeu_epi8(to, mask, v) (KAIRANK_EMULATED(storeMasked) < uint8_t, simde__m128i > (to, mask, v))

#define _mm512_cvtepu16_epi32(v) (KAIRANK_EMULATED(convertLanes) < uint16_t, uint32_t, simde__m512i, simde__m256i > (v))
#define _mm512_cvtepi32_epi16(v) (KAIRANK_EMULATED(convertLanes) < uint32_t, uint16_t, simde__m256i, simde__m512i > (v))
#define _mm512_cvtepi32_epi8(v) (KAIRANK_EMULATED(convertLanes) < uint32_t, uint8_t, simde__m128i, simde__m512i > (v))
#define _mm512_cvtneps_pbh(v) KAIRANK_EMULATED(roundToBf16)(v)
#define _mm512_cvtps_epi32(v) KAIRANK_EMULATED(toWhole)(v)
#define _mm512_reduce_add_ps(v) (KAIRANK_EMULATED(sumLanes) < float, simde__m512 > (v))
#define _mm512_reduce_add_epi32(v) (KAIRANK_EMULATED(sumLanes) < int32_t, simde__m512i > (v))
#define _mm512_reduce_max_ps(v) KAIRANK_EMULATED(largestLane)(v)
#define _mm512_extractf32x8_ps(v, half) KAIRANK_EMULATED(upperHalf)(v, half)
