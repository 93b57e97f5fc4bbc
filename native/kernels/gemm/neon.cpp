#include "../intrinsics.h"
#include "../unroll.h"
#include "gemm.h"

#if defined(KAIRANK_WITH_NEON)

#include "blocked.h"

namespace kairank {
namespace {

struct NeonTile {
  static constexpr size_t kRows = 8;  // with two vectors of columns, 16 accumulators of 32 registers
  static constexpr size_t kColumns = 8;

  template <size_t kCount>
  KAIRANK_TARGET_NEON static void run(const TileTask& tile) {
    float32x4_t sums[kCount][2];
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) sums[r][0] = sums[r][1] = vdupq_n_f32(0);
    const float* a = tile.a;
    const float* b = tile.panel;
    for (size_t p = 0; p < tile.depth; ++p, b += kColumns, a += tile.depthStep) {
      const float32x4_t b0 = vld1q_f32(b);
      const float32x4_t b1 = vld1q_f32(b + 4);
      KAIRANK_UNROLL
      for (size_t r = 0; r < kCount; ++r) {
        sums[r][0] = vfmaq_n_f32(sums[r][0], b0, a[r * tile.rowStep]);
        sums[r][1] = vfmaq_n_f32(sums[r][1], b1, a[r * tile.rowStep]);
      }
    }
    float partly[kCount][kColumns];
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      vst1q_f32(partly[r], sums[r][0]);
      vst1q_f32(partly[r] + 4, sums[r][1]);
    }
    storePartly(partly[0], kColumns, kCount, tile);
  }
};

}  // namespace

void gemmF32Neon(const GemmTask& task) { runGemm<NeonTile>(task); }

}  // namespace kairank

#endif
