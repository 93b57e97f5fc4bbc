#include "../intrinsics.h"
#include "axpy.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {

KAIRANK_TARGET_AVX512 void axpyF32Avx512(float alpha, const float* x, float* y, size_t n) {
  const __m512 factor = _mm512_set1_ps(alpha);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    _mm512_storeu_ps(y + i, _mm512_fmadd_ps(factor, _mm512_loadu_ps(x + i), _mm512_loadu_ps(y + i)));
  }
  if (i < n) {
    const __mmask16 mask = static_cast<__mmask16>((1u << (n - i)) - 1);
    const __m512 sum = _mm512_fmadd_ps(factor, _mm512_maskz_loadu_ps(mask, x + i), _mm512_maskz_loadu_ps(mask, y + i));
    _mm512_mask_storeu_ps(y + i, mask, sum);
  }
}

}  // namespace kairank

#endif
