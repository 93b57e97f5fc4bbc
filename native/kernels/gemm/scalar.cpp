#include "blocked.h"
#include "gemm.h"

namespace kairank {
namespace {

/// Plain loops of fixed lengths, which a compiler turns into the vectors of the baseline.
struct ScalarTile {
  static constexpr size_t kRows = 4;
  static constexpr size_t kColumns = 8;

  template <size_t kCount>
  static void run(const TileTask& tile) {
    float sums[kCount][kColumns] = {};
    for (size_t p = 0; p < tile.depth; ++p) {
      const float* b = tile.panel + p * kColumns;
      for (size_t r = 0; r < kCount; ++r) {
        const float value = tile.a[r * tile.rowStep + p * tile.depthStep];
        for (size_t j = 0; j < kColumns; ++j) sums[r][j] += value * b[j];
      }
    }
    storePartly(sums[0], kColumns, kCount, tile);
  }
};

}  // namespace

void gemmF32Scalar(const GemmTask& task) { runGemm<ScalarTile>(task); }

}  // namespace kairank
