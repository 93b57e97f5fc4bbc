// The product in bf16 on tiles: 32 x 32 entries of C at a time, four sums, two tiles of A, two of B. Both factors are
// rounded as they are packed, whole tiles one after the other and zeros where a matrix ends, so that every tile is
// full.

#include "../intrinsics.h"
#include "../tiles.h"
#include "gemm.h"

#if defined(KAIRANK_WITH_AMX)

#include <cstring>

#include "../dot/transpose_avx512.h"
#include "blocked.h"

namespace kairank {
namespace {

constexpr size_t kSide = 16;          // rows of a tile, words of a row; a word is a pair of bf16 along k
constexpr size_t kStep = 2 * kSide;   // what one tile spans of k
constexpr size_t kGroup = 2 * kSide;  // rows, and columns, of C at a time
constexpr size_t kTileWords = kSide * kSide;
constexpr size_t kRowBytes = 64;           // of a tile
constexpr size_t kTilesDepth = 512;        // of a block: half the bytes of f32, and fewer visits to C
constexpr size_t kTilesBlockA = 64 << 10;  // words of A and of B that are packed at once
constexpr size_t kTilesBlockB = 128 << 10;

/// Rows of op(A), or columns of op(B): lines, each k long.
struct Factor {
  const float* at;
  size_t stride;
  bool alongK;        // a line lies in memory as it is; otherwise entries of one k lie side by side
  bool linesAreRows;  // of a tile, as the first factor of a product has them; the second has them as columns
  const float* entry(size_t line, size_t p) const { return at + (alongK ? line * stride + p : p * stride + line); }
};

/// The first n of sixteen floats in bf16, zeros after them.
KAIRANK_TARGET_AMX inline __m256i firstAsBf16(const float* from, size_t n) {
  const __m512 x =
      n >= kSide ? _mm512_loadu_ps(from) : _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1u), from);
  return (__m256i)_mm512_cvtneps_pbh(x);
}

/// A tile of which `lines` and `depth` exist; nothing beyond them is read.
KAIRANK_TARGET_AMX void packTile(const Factor& factor, const float* from, size_t lines, size_t depth, uint32_t* to) {
  alignas(64) uint32_t other[kTileWords];
  uint32_t* words = factor.alongK == factor.linesAreRows ? to : other;
  for (size_t i = 0; i < kSide; ++i) {
    __m512i row;
    if (factor.alongK) {
      const float* line = from + i * factor.stride;
      const size_t n = i < lines ? depth : 0;
      const __m256i low = firstAsBf16(line, n);
      const __m256i high = firstAsBf16(line + kSide, n > kSide ? n - kSide : 0);
      row = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    } else {
      const float* pair = from + 2 * i * factor.stride;
      const __m256i even = firstAsBf16(pair, 2 * i < depth ? lines : 0);
      const __m256i odd = firstAsBf16(pair + factor.stride, 2 * i + 1 < depth ? lines : 0);
      row = _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
    }
    _mm512_storeu_si512(words + i * kSide, row);
  }
  if (words != to) transpose16(reinterpret_cast<float*>(other), kSide, reinterpret_cast<float*>(to), kSide);
}

/// Tiles [line / 16][p / 32], lines filled up to whole groups.
void packFactor(const Factor& factor, size_t line, size_t lines, size_t first, size_t depth, uint32_t* to) {
  for (size_t i = 0; i < roundUp(lines, kGroup); i += kSide) {
    for (size_t p = 0; p < depth; p += kStep, to += kTileWords) {
      const size_t there = lines > i ? std::min(kSide, lines - i) : 0;
      packTile(factor, factor.entry(line + i, first + p), there, std::min(kStep, depth - p), to);
    }
  }
}

/// A group of rows times a group of columns, over `steps` tiles of k.
KAIRANK_TARGET_AMX void multiplyGroups(const uint32_t* a, const uint32_t* b, size_t steps, float* c, size_t ldc,
                                       bool accumulate) {
  const size_t bytes = ldc * sizeof(float);
  float* below = c + kSide * ldc;
  if (accumulate) {
    tileLoad<0>(c, bytes);
    tileLoad<1>(c + kSide, bytes);
    tileLoad<2>(below, bytes);
    tileLoad<3>(below + kSide, bytes);
  } else {
    tileZero<0>();
    tileZero<1>();
    tileZero<2>();
    tileZero<3>();
  }
  const size_t next = steps * kTileWords;
  for (const uint32_t* end = a + next; a != end; a += kTileWords, b += kTileWords) {
    tileLoad<4>(a, kRowBytes);
    tileLoad<5>(a + next, kRowBytes);
    tileLoad<6>(b, kRowBytes);
    tileLoad<7>(b + next, kRowBytes);
    tileDotBf16<0, 4, 6>();
    tileDotBf16<1, 4, 7>();
    tileDotBf16<2, 5, 6>();
    tileDotBf16<3, 5, 7>();
  }
  tileStore<0>(c, bytes);
  tileStore<1>(c + kSide, bytes);
  tileStore<2>(below, bytes);
  tileStore<3>(below + kSide, bytes);
}

/// The same where C may end within the group.
void multiplyWithin(const uint32_t* a, const uint32_t* b, size_t steps, float* c, size_t ldc, size_t rows,
                    size_t columns, bool accumulate) {
  if (rows >= kGroup && columns >= kGroup) return multiplyGroups(a, b, steps, c, ldc, accumulate);
  alignas(64) float whole[kGroup * kGroup] = {};
  const size_t height = std::min(rows, kGroup);
  const size_t bytes = std::min(columns, kGroup) * sizeof(float);
  for (size_t r = 0; accumulate && r < height; ++r) std::memcpy(whole + r * kGroup, c + r * ldc, bytes);
  multiplyGroups(a, b, steps, whole, kGroup, accumulate);
  for (size_t r = 0; r < height; ++r) std::memcpy(c + r * ldc, whole + r * kGroup, bytes);
}

}  // namespace

void gemmBf16Amx(const GemmTask& task) {
  if (isEmptyProduct(task)) return;
  const Factor left{task.a, task.lda, !task.transposeA, true};
  const Factor right{task.b, task.ldb, task.transposeB, false};
  const size_t deepest = std::min(kTilesDepth, roundUp(task.k, kStep));
  const size_t rowBlock = blockOf(kTilesBlockA, deepest / 2, kGroup, task.m);
  const size_t columnBlock = blockOf(kTilesBlockB, deepest / 2, kGroup, task.n);
  Scratch<uint32_t> packedA(rowBlock * deepest / 2);
  Scratch<uint32_t> packedB(columnBlock * deepest / 2);
  const TileConfig config = fullTiles();
  const TileScope scope(config);
  for (size_t first = 0; first < task.k; first += deepest) {
    const size_t depth = std::min(deepest, task.k - first);
    const size_t steps = roundUp(depth, kStep) / kStep;
    const size_t lineWords = steps * kSide;
    for (size_t column = 0; column < task.n; column += columnBlock) {
      const size_t columns = std::min(columnBlock, task.n - column);
      packFactor(right, column, columns, first, depth, packedB.data());
      for (size_t row = 0; row < task.m; row += rowBlock) {
        const size_t rows = std::min(rowBlock, task.m - row);
        packFactor(left, row, rows, first, depth, packedA.data());
        for (size_t j = 0; j < columns; j += kGroup) {
          for (size_t i = 0; i < rows; i += kGroup) {
            multiplyWithin(packedA.data() + i * lineWords, packedB.data() + j * lineWords, steps,
                           task.c + (row + i) * task.ldc + column + j, task.ldc, rows - i, columns - j,
                           task.accumulate || first > 0);
          }
        }
      }
    }
  }
}

}  // namespace kairank

#endif
