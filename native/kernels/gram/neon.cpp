#include "../intrinsics.h"
#include "../unroll.h"
#include "gram.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {
namespace {

constexpr size_t kTileRows = 8;  // of A: with two vectors of columns, 16 accumulators of 32 registers
constexpr size_t kTileColumns = 8;
constexpr size_t kBlock = 256;  // rows of x that pass over all tiles while they are in the cache

struct Block {
  const float* x;
  size_t stride;
  const float* w;
  size_t count;
  size_t dim;
};

/// Values of a row of x from `column` on: where they lie, or at the edge a copy with zeros after them.
KAIRANK_TARGET_NEON inline const float* columnsAt(const float* x, size_t column, size_t dim, float* padded) {
  if (column + kTileColumns <= dim) return x + column;
  for (size_t c = 0; c < kTileColumns; ++c) padded[c] = column + c < dim ? x[column + c] : 0.0f;
  return padded;
}

/// Adds a block's share to the tile of A at (row, column), as far as it lies on or below the diagonal.
KAIRANK_TARGET_NEON void addTile(const Block& block, size_t row, size_t column, float* a, size_t lda) {
  const size_t rows = block.dim - row < kTileRows ? block.dim - row : kTileRows;
  float32x4_t sums[kTileRows][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kTileRows; ++r) sums[r][0] = sums[r][1] = vdupq_n_f32(0);
  for (size_t i = 0; i < block.count; ++i) {
    const float* x = block.x + i * block.stride;
    float padded[kTileColumns];
    const float* columns = columnsAt(x, column, block.dim, padded);
    const float weight = block.w == nullptr ? 1.0f : block.w[i];
    const float32x4_t c0 = vmulq_n_f32(vld1q_f32(columns), weight);
    const float32x4_t c1 = vmulq_n_f32(vld1q_f32(columns + 4), weight);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kTileRows; ++r) {
      const float value = x[row + (r < rows ? r : 0)];
      sums[r][0] = vfmaq_n_f32(sums[r][0], c0, value);
      sums[r][1] = vfmaq_n_f32(sums[r][1], c1, value);
    }
  }
  float tile[kTileRows][kTileColumns];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kTileRows; ++r) {
    vst1q_f32(tile[r], sums[r][0]);
    vst1q_f32(tile[r] + 4, sums[r][1]);
  }
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < kTileColumns && column + c <= row + r; ++c) a[(row + r) * lda + column + c] += tile[r][c];
  }
}

}  // namespace

void gramF32Neon(const float* x, size_t stride, const float* w, size_t count, size_t dim, float* a, size_t lda) {
  for (size_t first = 0; first < count; first += kBlock) {
    const Block block{x + first * stride, stride, w == nullptr ? nullptr : w + first,
                      count - first < kBlock ? count - first : kBlock, dim};
    for (size_t row = 0; row < dim; row += kTileRows) {
      for (size_t column = 0; column < row + kTileRows && column < dim; column += kTileColumns) {
        addTile(block, row, column, a, lda);
      }
    }
  }
}

}  // namespace kairank

#endif
