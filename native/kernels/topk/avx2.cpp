#include "../../include/bits.h"
#include "../intrinsics.h"
#include "scan.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {
namespace {

KAIRANK_TARGET_AVX2 inline uint32_t aboveMask(const float* scores, __m256 limit) {
  return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(scores), limit, _CMP_GT_OQ)));
}

}  // namespace

KAIRANK_TARGET_AVX2 size_t scanAboveAvx2(const float* scores, size_t n, float threshold, uint32_t* out) {
  const __m256 limit = _mm256_set1_ps(threshold);
  size_t found = 0;
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    uint32_t mask = aboveMask(scores + i, limit) | aboveMask(scores + i + 8, limit) << 8 |
                    aboveMask(scores + i + 16, limit) << 16 | aboveMask(scores + i + 24, limit) << 24;
    for (; mask != 0; mask &= mask - 1) out[found++] = static_cast<uint32_t>(i) + lowestBit(mask);
  }
  for (; i < n; ++i) {
    if (scores[i] > threshold) out[found++] = static_cast<uint32_t>(i);
  }
  return found;
}

}  // namespace kairank

#endif
