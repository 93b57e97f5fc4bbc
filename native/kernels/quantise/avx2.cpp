#include <limits>

#include "../intrinsics.h"
#include "convert.h"
#include "quantise.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {
namespace {

/// Eight floats to bf16 in the low half of eight words.
KAIRANK_TARGET_AVX2 inline __m256i roundedHalves(__m256i bits) {
  const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7FFFFFFF));
  const __m256i top = _mm256_srli_epi32(bits, 16);
  const __m256i odd = _mm256_and_si256(top, _mm256_set1_epi32(1));
  const __m256i biased = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
  const __m256i rounded = _mm256_srli_epi32(biased, 16);
  const __m256i quiet = _mm256_or_si256(top, _mm256_set1_epi32(0x40));
  const __m256i zero = _mm256_and_si256(top, _mm256_set1_epi32(0x8000));
  const __m256i isNan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7F800000));
  const __m256i isDenormal = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x00800000), magnitude);
  return _mm256_blendv_epi8(_mm256_blendv_epi8(rounded, quiet, isNan), zero, isDenormal);
}

KAIRANK_TARGET_AVX2 inline __m256i loadBits(const float* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

/// The largest magnitude; NaN is passed over (max_ps keeps its second operand).
KAIRANK_TARGET_AVX2 float largestMagnitude(const float* in, size_t n) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  __m256 largest = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 8 <= n; i += 8) largest = _mm256_max_ps(_mm256_andnot_ps(sign, _mm256_loadu_ps(in + i)), largest);
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, largest);
  float found = 0;
  for (size_t lane = 0; lane < 8; ++lane) found = lanes[lane] > found ? lanes[lane] : found;
  for (; i < n; ++i) {
    const float magnitude = in[i] < 0 ? -in[i] : in[i];
    found = magnitude > found ? magnitude : found;
  }
  return found;
}

/// Eight floats to whole numbers of -127 to 127: NaN counts as 0, infinities as the largest finite number.
KAIRANK_TARGET_AVX2 inline __m256i wholeNumbers(__m256 value, __m256 inverse) {
  const __m256 limit = _mm256_set1_ps(std::numeric_limits<float>::max());
  const __m256 number = _mm256_and_ps(value, _mm256_cmp_ps(value, value, _CMP_ORD_Q));
  const __m256 finite = _mm256_max_ps(_mm256_min_ps(number, limit), _mm256_sub_ps(_mm256_setzero_ps(), limit));
  return _mm256_cvtps_epi32(_mm256_mul_ps(finite, inverse));
}

}  // namespace

KAIRANK_TARGET_AVX2 void toBf16Avx2(const float* in, uint16_t* out, size_t n) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256i packed = _mm256_packus_epi32(roundedHalves(loadBits(in + i)), roundedHalves(loadBits(in + i + 8)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_permute4x64_epi64(packed, 0xD8));
  }
  for (; i < n; ++i) out[i] = bf16Of(in[i]);
}

KAIRANK_TARGET_AVX2 void fromBf16Avx2(const uint16_t* in, float* out, size_t n) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i half = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i)));
    const __m256i bits = _mm256_slli_epi32(half, 16);
    const __m256i exponent = _mm256_and_si256(bits, _mm256_set1_epi32(0x7F800000));
    const __m256i isDenormal = _mm256_cmpeq_epi32(exponent, _mm256_setzero_si256());
    const __m256i zero = _mm256_and_si256(bits, _mm256_set1_epi32(std::numeric_limits<int32_t>::min()));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_blendv_epi8(bits, zero, isDenormal));
  }
  for (; i < n; ++i) out[i] = floatOf(in[i]);
}

KAIRANK_TARGET_AVX2 float toI8Avx2(const float* in, int8_t* out, size_t n) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  float largest = largestMagnitude(in, n);
  if (largest > kLargest) largest = kLargest;
  if (!(largest > kI8Smallest)) {
    for (size_t i = 0; i < n; ++i) out[i] = 0;
    return 0;
  }
  const __m256 inverse = _mm256_set1_ps(127.0f / largest);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  for (size_t i = 0; i < n; i += 32) {
    float padded[32] = {};
    const float* from = in + i;
    const size_t count = n - i < 32 ? n - i : 32;
    if (count < 32) {
      for (size_t j = 0; j < count; ++j) padded[j] = from[j];
      from = padded;
    }
    const __m256i low = _mm256_packs_epi32(wholeNumbers(_mm256_loadu_ps(from), inverse),
                                           wholeNumbers(_mm256_loadu_ps(from + 8), inverse));
    const __m256i high = _mm256_packs_epi32(wholeNumbers(_mm256_loadu_ps(from + 16), inverse),
                                            wholeNumbers(_mm256_loadu_ps(from + 24), inverse));
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
    if (count == 32) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), bytes);
    } else {
      alignas(32) int8_t last[32];
      _mm256_store_si256(reinterpret_cast<__m256i*>(last), bytes);
      for (size_t j = 0; j < count; ++j) out[i + j] = last[j];
    }
  }
  return largest / 127.0f;
}

}  // namespace kairank

#endif
