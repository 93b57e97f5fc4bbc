#include "../intrinsics.h"
#include "../unroll.h"
#include "gemm.h"

#if defined(KAIRANK_WITH_AVX512)

#include "blocked.h"

namespace kairank {
namespace {

KAIRANK_TARGET_AVX512 inline __mmask16 firstLanes(size_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFFu : (1u << count) - 1);
}

struct Avx512Tile {
  static constexpr size_t kRows = 12;  // with two vectors of columns, 24 accumulators of 32 registers
  static constexpr size_t kColumns = 32;

  template <size_t kCount>
  KAIRANK_TARGET_AVX512 static void run(const TileTask& tile) {
    __m512 sums[kCount][2];
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
    const float* a = tile.a;
    const float* b = tile.panel;
    const size_t rowStep = tile.rowStep;
    const size_t depthStep = tile.depthStep;
    for (const float* end = b + tile.depth * kColumns; b != end; b += kColumns, a += depthStep) {
      const __m512 b0 = _mm512_loadu_ps(b);
      const __m512 b1 = _mm512_loadu_ps(b + 16);
      KAIRANK_UNROLL
      for (size_t r = 0; r < kCount; ++r) {
        const __m512 value = _mm512_set1_ps(a[r * rowStep]);
        sums[r][0] = _mm512_fmadd_ps(value, b0, sums[r][0]);
        sums[r][1] = _mm512_fmadd_ps(value, b1, sums[r][1]);
      }
    }
    const __mmask16 mask0 = firstLanes(tile.columns);
    const __mmask16 mask1 = firstLanes(tile.columns < 16 ? 0 : tile.columns - 16);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      float* to = tile.c + r * tile.ldc;
      if (tile.accumulate) {
        sums[r][0] = _mm512_add_ps(sums[r][0], _mm512_maskz_loadu_ps(mask0, to));
        sums[r][1] = _mm512_add_ps(sums[r][1], _mm512_maskz_loadu_ps(mask1, to + 16));
      }
      _mm512_mask_storeu_ps(to, mask0, sums[r][0]);
      _mm512_mask_storeu_ps(to + 16, mask1, sums[r][1]);
    }
  }
};

}  // namespace

void gemmF32Avx512(const GemmTask& task) { runGemm<Avx512Tile>(task); }

}  // namespace kairank

#endif
