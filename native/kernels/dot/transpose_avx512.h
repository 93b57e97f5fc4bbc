#pragma once
// Scores come out of the micro-kernels row by row and are stored query by query.

#include "../intrinsics.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {

/// Four vectors, of a 4 x 16 matrix, to 16 runs of four floats: out[i * stride .. + 4) is column i.
KAIRANK_TARGET_AVX512 inline void storeColumns(__m512 r0, __m512 r1, __m512 r2, __m512 r3, float* out, size_t stride) {
  const __m512 low01 = _mm512_unpacklo_ps(r0, r1);
  const __m512 high01 = _mm512_unpackhi_ps(r0, r1);
  const __m512 low23 = _mm512_unpacklo_ps(r2, r3);
  const __m512 high23 = _mm512_unpackhi_ps(r2, r3);
  // Lane l of the i-th of these is column 4 l + i.
  const __m512 columns[4] = {_mm512_shuffle_ps(low01, low23, 0x44), _mm512_shuffle_ps(low01, low23, 0xEE),
                             _mm512_shuffle_ps(high01, high23, 0x44), _mm512_shuffle_ps(high01, high23, 0xEE)};
  for (size_t i = 0; i < 4; ++i) {
    _mm_storeu_ps(out + i * stride, _mm512_castps512_ps128(columns[i]));
    _mm_storeu_ps(out + (i + 4) * stride, _mm512_extractf32x4_ps(columns[i], 1));
    _mm_storeu_ps(out + (i + 8) * stride, _mm512_extractf32x4_ps(columns[i], 2));
    _mm_storeu_ps(out + (i + 12) * stride, _mm512_extractf32x4_ps(columns[i], 3));
  }
}

/// Four floats of each of the rows first, first + 4, first + 8 and first + 12, from `from` on.
KAIRANK_TARGET_AVX512 inline __m512 fourByFour(const float* from, size_t stride) {
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(from));
  v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 4 * stride), 1);
  v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 8 * stride), 2);
  return _mm512_insertf32x4(v, _mm_loadu_ps(from + 12 * stride), 3);
}

/// A 16 x 16 matrix transposed: out[i * outStride + j] = from[j * stride + i]. Rows are brought together by loads, so
/// that only the exchange inside lanes costs shuffles.
KAIRANK_TARGET_AVX512 inline void transpose16(const float* from, size_t stride, float* out, size_t outStride) {
  for (size_t c = 0; c < 16; c += 4) {
    // Lane l of v[r]: row 4 l + r, columns c .. c + 4.
    const __m512 v0 = fourByFour(from + c, stride);
    const __m512 v1 = fourByFour(from + stride + c, stride);
    const __m512 v2 = fourByFour(from + 2 * stride + c, stride);
    const __m512 v3 = fourByFour(from + 3 * stride + c, stride);
    const __m512 low01 = _mm512_unpacklo_ps(v0, v1);
    const __m512 high01 = _mm512_unpackhi_ps(v0, v1);
    const __m512 low23 = _mm512_unpacklo_ps(v2, v3);
    const __m512 high23 = _mm512_unpackhi_ps(v2, v3);
    float* to = out + c * outStride;
    _mm512_storeu_ps(to, _mm512_shuffle_ps(low01, low23, 0x44));
    _mm512_storeu_ps(to + outStride, _mm512_shuffle_ps(low01, low23, 0xEE));
    _mm512_storeu_ps(to + 2 * outStride, _mm512_shuffle_ps(high01, high23, 0x44));
    _mm512_storeu_ps(to + 3 * outStride, _mm512_shuffle_ps(high01, high23, 0xEE));
  }
}

}  // namespace kairank

#endif
