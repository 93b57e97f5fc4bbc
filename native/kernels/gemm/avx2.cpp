#include "../intrinsics.h"
#include "../unroll.h"
#include "gemm.h"

#if defined(KAIRANK_WITH_AVX2)

#include "blocked.h"

namespace kairank {
namespace {

struct Avx2Tile {
  static constexpr size_t kRows = 6;  // with two vectors of columns, 12 accumulators of 16 registers
  static constexpr size_t kColumns = 16;

  template <size_t kCount>
  KAIRANK_TARGET_AVX2 static void run(const TileTask& tile) {
    __m256 sums[kCount][2];
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
    const float* a = tile.a;
    const float* b = tile.panel;
    const size_t rowStep = tile.rowStep;
    const size_t depthStep = tile.depthStep;
    for (const float* end = b + tile.depth * kColumns; b != end; b += kColumns, a += depthStep) {
      const __m256 b0 = _mm256_load_ps(b);
      const __m256 b1 = _mm256_load_ps(b + 8);
      KAIRANK_UNROLL
      for (size_t r = 0; r < kCount; ++r) {
        const __m256 value = _mm256_broadcast_ss(a + r * rowStep);
        sums[r][0] = _mm256_fmadd_ps(value, b0, sums[r][0]);
        sums[r][1] = _mm256_fmadd_ps(value, b1, sums[r][1]);
      }
    }
    if (tile.columns < kColumns) {
      alignas(32) float partly[kCount][kColumns];
      KAIRANK_UNROLL
      for (size_t r = 0; r < kCount; ++r) {
        _mm256_store_ps(partly[r], sums[r][0]);
        _mm256_store_ps(partly[r] + 8, sums[r][1]);
      }
      storePartly(partly[0], kColumns, kCount, tile);
      return;
    }
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      float* to = tile.c + r * tile.ldc;
      if (tile.accumulate) {
        sums[r][0] = _mm256_add_ps(sums[r][0], _mm256_loadu_ps(to));
        sums[r][1] = _mm256_add_ps(sums[r][1], _mm256_loadu_ps(to + 8));
      }
      _mm256_storeu_ps(to, sums[r][0]);
      _mm256_storeu_ps(to + 8, sums[r][1]);
    }
  }
};

}  // namespace

void gemmF32Avx2(const GemmTask& task) { runGemm<Avx2Tile>(task); }

}  // namespace kairank

#endif
