#include "../intrinsics.h"
#include "../unroll.h"
#include "gram.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace {

constexpr size_t kTileRows = 8;  // of A: with two vectors of columns, 16 accumulators
constexpr size_t kTileColumns = 32;
constexpr size_t kBlock = 256;  // rows of x that pass over all tiles while they are in the cache

/// The first `count` of sixteen floats; all for 16 and more.
KAIRANK_TARGET_AVX512 inline __mmask16 firstLanes(size_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFFu : (1u << count) - 1);
}

struct Block {
  const float* x;
  size_t stride;
  const float* w;
  size_t count;
  size_t dim;
};

/// Adds a block's share to the tile of A at (row, column), as far as it lies on or below the diagonal.
KAIRANK_TARGET_AVX512 void addTile(const Block& block, size_t row, size_t column, float* a, size_t lda) {
  const size_t columns = block.dim - column;
  const __mmask16 mask0 = firstLanes(columns);
  const __mmask16 mask1 = firstLanes(columns < 16 ? 0 : columns - 16);
  const size_t rows = block.dim - row < kTileRows ? block.dim - row : kTileRows;
  __m512 sums[kTileRows][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kTileRows; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  for (size_t i = 0; i < block.count; ++i) {
    const float* x = block.x + i * block.stride;
    const __m512 weight = _mm512_set1_ps(block.w == nullptr ? 1.0f : block.w[i]);
    const __m512 c0 = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask0, x + column), weight);
    const __m512 c1 = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask1, x + column + 16), weight);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kTileRows; ++r) {
      const __m512 value = _mm512_set1_ps(x[row + (r < rows ? r : 0)]);
      sums[r][0] = _mm512_fmadd_ps(c0, value, sums[r][0]);
      sums[r][1] = _mm512_fmadd_ps(c1, value, sums[r][1]);
    }
  }
  alignas(64) float tile[kTileRows][kTileColumns];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kTileRows; ++r) {
    _mm512_storeu_ps(tile[r], sums[r][0]);
    _mm512_storeu_ps(tile[r] + 16, sums[r][1]);
  }
  for (size_t r = 0; r < rows; ++r) {
    for (size_t first = column; first <= row + r && first < column + kTileColumns; first += 16) {
      float* to = a + (row + r) * lda + first;
      const __mmask16 below = firstLanes(row + r + 1 - first);
      const __m512 sum = _mm512_add_ps(_mm512_maskz_loadu_ps(below, to), _mm512_loadu_ps(tile[r] + (first - column)));
      _mm512_mask_storeu_ps(to, below, sum);
    }
  }
}

}  // namespace

KAIRANK_TARGET_AVX512 void gramF32Avx512(const float* x, size_t stride, const float* w, size_t count, size_t dim,
                                         float* a, size_t lda) {
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
