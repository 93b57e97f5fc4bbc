#include "../../include/bits.h"
#include "../intrinsics.h"
#include "scan.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace {

KAIRANK_TARGET_AVX512 inline uint64_t aboveMask(const float* scores, __m512 limit) {
  return _mm512_cmp_ps_mask(_mm512_loadu_ps(scores), limit, _CMP_GT_OQ);
}

}  // namespace

KAIRANK_TARGET_AVX512 size_t scanAboveAvx512(const float* scores, size_t n, float threshold, uint32_t* out) {
  const __m512 limit = _mm512_set1_ps(threshold);
  size_t found = 0;
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    uint64_t mask = aboveMask(scores + i, limit) | aboveMask(scores + i + 16, limit) << 16 |
                    aboveMask(scores + i + 32, limit) << 32 | aboveMask(scores + i + 48, limit) << 48;
    for (; mask != 0; mask &= mask - 1) out[found++] = static_cast<uint32_t>(i) + lowestBit(mask);
  }
  for (; i < n; ++i) {
    if (scores[i] > threshold) out[found++] = static_cast<uint32_t>(i);
  }
  return found;
}

}  // namespace kairank

#endif
