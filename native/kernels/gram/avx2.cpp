#include "../intrinsics.h"
#include "../unroll.h"
#include "gram.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {
namespace {

constexpr size_t kTileRows = 6;  // of A: with two vectors of columns, 12 accumulators of 16 registers
constexpr size_t kTileColumns = 16;
constexpr size_t kBlock = 256;  // rows of x that pass over all tiles while they are in the cache

alignas(32) const int32_t kMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

/// The first `count` of eight floats; all for 8 and more.
KAIRANK_TARGET_AVX2 inline __m256i firstLanes(size_t count) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMasks + (count < 8 ? 8 - count : 0)));
}

struct Block {
  const float* x;
  size_t stride;
  const float* w;
  size_t count;
  size_t dim;
};

/// Adds a block's share to the tile of A at (row, column), as far as it lies on or below the diagonal.
template <bool kInside>
KAIRANK_TARGET_AVX2 void addTile(const Block& block, size_t row, size_t column, float* a, size_t lda) {
  const __m256i mask0 = firstLanes(block.dim - column);
  const __m256i mask1 = firstLanes(block.dim - column < 8 ? 0 : block.dim - column - 8);
  const size_t rows = block.dim - row < kTileRows ? block.dim - row : kTileRows;
  __m256 sums[kTileRows][2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kTileRows; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  for (size_t i = 0; i < block.count; ++i) {
    const float* x = block.x + i * block.stride;
    __m256 c0 = kInside ? _mm256_loadu_ps(x + column) : _mm256_maskload_ps(x + column, mask0);
    __m256 c1 = kInside ? _mm256_loadu_ps(x + column + 8) : _mm256_maskload_ps(x + column + 8, mask1);
    if (block.w != nullptr) {
      const __m256 weight = _mm256_broadcast_ss(block.w + i);
      c0 = _mm256_mul_ps(c0, weight);
      c1 = _mm256_mul_ps(c1, weight);
    }
    KAIRANK_UNROLL
    for (size_t r = 0; r < kTileRows; ++r) {
      const __m256 value = _mm256_broadcast_ss(x + row + (kInside || r < rows ? r : 0));
      sums[r][0] = _mm256_fmadd_ps(c0, value, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(c1, value, sums[r][1]);
    }
  }
  alignas(32) float tile[kTileRows][kTileColumns];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kTileRows; ++r) {
    _mm256_store_ps(tile[r], sums[r][0]);
    _mm256_store_ps(tile[r] + 8, sums[r][1]);
  }
  for (size_t r = 0; r < rows; ++r) {
    for (size_t first = column; first <= row + r && first < column + kTileColumns; first += 8) {
      float* to = a + (row + r) * lda + first;
      const __m256i below = firstLanes(row + r + 1 - first);
      const __m256 sum = _mm256_add_ps(_mm256_maskload_ps(to, below), _mm256_load_ps(tile[r] + (first - column)));
      _mm256_maskstore_ps(to, below, sum);
    }
  }
}

}  // namespace

KAIRANK_TARGET_AVX2 void gramF32Avx2(const float* x, size_t stride, const float* w, size_t count, size_t dim, float* a,
                                     size_t lda) {
  for (size_t first = 0; first < count; first += kBlock) {
    const Block block{x + first * stride, stride, w == nullptr ? nullptr : w + first,
                      count - first < kBlock ? count - first : kBlock, dim};
    for (size_t row = 0; row < dim; row += kTileRows) {
      for (size_t column = 0; column < row + kTileRows && column < dim; column += kTileColumns) {
        if (row + kTileRows <= dim && column + kTileColumns <= dim) {
          addTile<true>(block, row, column, a, lda);
        } else {
          addTile<false>(block, row, column, a, lda);
        }
      }
    }
  }
}

}  // namespace kairank

#endif
