// m x n on tiles: 32 rows by 32 queries at a time, four sums, two tiles of rows, two of queries. Rows are the first
// factor and are read as they lie; packed queries have just the layout of the second factor (words of 4 bytes, one of
// every query to a line), so bf16 and int8 differ in one instruction only.

#include "../intrinsics.h"
#include "../tiles.h"
#include "batch.h"
#include "dot.h"
#include "transpose_avx512.h"

#if defined(KAIRANK_WITH_AMX)

namespace kairank {
namespace {

constexpr size_t kSide = 16;      // rows of a tile, words of a row
constexpr size_t kRowBytes = 64;  // bytes of a row of a tile
constexpr size_t kGroup = 2 * kSide;

template <int kSum, int kA, int kB, bool kBf16>
KAIRANK_TARGET_AMX inline void addTileProduct() {
  if constexpr (kBf16) {
    tileDotBf16<kSum, kA, kB>();
  } else {
    tileDotI8<kSum, kA, kB>();
  }
}

/// Sums in tiles 0 to 3 (rows x queries: 0-0, 0-1, 1-0, 1-1), rows in 4 and 5, queries in 6 and 7.
template <size_t kVectors, bool kBf16>
KAIRANK_TARGET_AMX void multiply(const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
                                 size_t outStride) {
  constexpr size_t kStepBytes = kVectors * kRowBytes;  // one word of every query
  alignas(64) float scores[kGroup * kGroup];
  packed += kStepBytes;  // accumulators begin with zeros
  tileZero<0>();
  tileZero<2>();
  if constexpr (kVectors == 2) {
    tileZero<1>();
    tileZero<3>();
  }
  for (size_t k = 0; k < steps; k += kSide) {
    tileLoad<4>(rows + k * kWord, rowBytes);
    tileLoad<6>(packed + k * kStepBytes, kStepBytes);
    addTileProduct<0, 4, 6, kBf16>();
    tileLoad<5>(rows + kSide * rowBytes + k * kWord, rowBytes);
    addTileProduct<2, 5, 6, kBf16>();
    if constexpr (kVectors == 2) {
      tileLoad<7>(packed + k * kStepBytes + kRowBytes, kStepBytes);
      addTileProduct<1, 4, 7, kBf16>();
      addTileProduct<3, 5, 7, kBf16>();
    }
  }
  constexpr size_t kScoreBytes = kGroup * sizeof(float);
  tileStore<0>(scores, kScoreBytes);
  tileStore<2>(scores + kSide * kGroup, kScoreBytes);
  transpose16(scores, kGroup, out, outStride);
  transpose16(scores + kSide * kGroup, kGroup, out + kSide, outStride);
  if constexpr (kVectors == 2) {
    tileStore<1>(scores + kSide, kScoreBytes);
    tileStore<3>(scores + kSide * kGroup + kSide, kScoreBytes);
    transpose16(scores + kSide, kGroup, out + kSide * outStride, outStride);
    transpose16(scores + kSide * kGroup + kSide, kGroup, out + kSide * outStride + kSide, outStride);
  }
}

/// Elements as they are, padded with zeros to whole words.
template <typename T>
void copyWords(const T* from, size_t dim, char* to) {
  const size_t bytes = dim * sizeof(T);
  std::memset(to + bytes, 0, (kWord - bytes % kWord) % kWord);
  std::memcpy(to, from, bytes);
}

template <typename T, typename Score, bool kBf16>
struct AmxTile {
  using In = T;
  using Out = Score;
  static constexpr size_t kLanes = kSide;
  static constexpr size_t kVectors = 2;
  static constexpr size_t kRows = kGroup;
  static constexpr size_t kStepMultiple = kSide;
  static constexpr size_t kFewest = 3;
  static size_t words(size_t dim) { return (dim * sizeof(T) + kWord - 1) / kWord; }
  static bool readsRows(size_t dim) { return dim * sizeof(T) % kRowBytes == 0; }
  static void encodeRow(const T* row, size_t dim, char* to) { copyWords(row, dim, to); }
  static void encodeQuery(const T* query, size_t dim, char* to) { copyWords(query, dim, to); }
  static Score initial(const T*, size_t) { return 0; }
  static void compute(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, Score* out,
                      size_t outStride) {
    float* words = reinterpret_cast<float*>(out);
    if (vectors == 2) {
      multiply<2, kBf16>(packed, rows, rowBytes, steps, words, outStride);
    } else {
      multiply<1, kBf16>(packed, rows, rowBytes, steps, words, outStride);
    }
  }
  static void dot(const T* query, const T* rows, size_t stride, size_t count, size_t dim, Score* out) {
    if constexpr (kBf16) {
      dotBf16Amx(query, rows, stride, count, dim, out);
    } else {
      dotI8Avx512(query, rows, stride, count, dim, out);
    }
  }
};

}  // namespace

void batchBf16Amx(const uint16_t* queries, size_t queryStride, size_t m, const uint16_t* rows, size_t rowStride,
                  size_t n, size_t dim, float* out, size_t outStride) {
  const TileConfig config = fullTiles();
  const TileScope scope(config);
  runBatch<AmxTile<uint16_t, float, true>>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchI8Amx(const int8_t* queries, size_t queryStride, size_t m, const int8_t* rows, size_t rowStride, size_t n,
                size_t dim, int32_t* out, size_t outStride) {
  const TileConfig config = fullTiles();
  const TileScope scope(config);
  runBatch<AmxTile<int8_t, int32_t, false>>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

}  // namespace kairank

#endif
