#include "../intrinsics.h"
#include "axpy.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {

KAIRANK_TARGET_AVX2 void axpyF32Avx2(float alpha, const float* x, float* y, size_t n) {
  const __m256 factor = _mm256_set1_ps(alpha);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(y + i, _mm256_fmadd_ps(factor, _mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
  }
  for (; i < n; ++i) y[i] += alpha * x[i];
}

}  // namespace kairank

#endif
