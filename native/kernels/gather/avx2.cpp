#include "../intrinsics.h"
#include "../unroll.h"
#include "gather.h"
#include "scores_x86.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {
namespace {

using namespace gather;

constexpr size_t kChunk = 4;  // blocks of nibbles whose sums of pairs, 8 of at most 2 * 15 * 127, fit int16

KAIRANK_TARGET_AVX2 inline __m256i loadBlock(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

/// Sums of pairs of int16, in int32.
KAIRANK_TARGET_AVX2 inline __m256i widened(__m256i pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }

/// Lanes of a block of 4-bit codes, and what they give with the 32 bytes of a row: sums of two pairs in int16.
struct NibbleLanes {
  __m256i low;
  __m256i high;

  KAIRANK_TARGET_AVX2 explicit NibbleLanes(const int8_t* lanes)
      : low(loadBlock(lanes)), high(loadBlock(lanes + kBlock)) {}

  KAIRANK_TARGET_AVX2 __m256i times(const uint8_t* row) const {
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i bytes = loadBlock(row);
    const __m256i lowCodes = _mm256_and_si256(bytes, mask);
    const __m256i highCodes = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask);
    return _mm256_add_epi16(_mm256_maddubs_epi16(lowCodes, low), _mm256_maddubs_epi16(highCodes, high));
  }
};

/// Up to 64 bytes of nibbles: rows of one cache line, with the lanes of the query in registers throughout.
template <size_t kBlocks>
KAIRANK_TARGET_AVX2 void gatherShort(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer,
                                     const uint32_t* rows, size_t count, float* out) {
  static_assert(kBlocks == 1 || kBlocks == 2, "one line at most");
  const NibbleLanes first(query.lanes);
  const NibbleLanes second(query.lanes + (kBlocks - 1) * 2 * kBlock);
  for (size_t i = 0; i < count; i += kRows) {
    const Group group(codes, stride, rows + i, count - i);
    __m256i sums[kRows];
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      __m256i pairs = first.times(group.at[r]);
      if (kBlocks == 2) pairs = _mm256_add_epi16(pairs, second.times(group.at[r] + kBlock));
      sums[r] = widened(pairs);
    }
    storeScores(query, group, trailer, sumsOf(sums), out + i);
  }
}

/// Adds `blocks` (at most kChunk) blocks of nibbles, from block `first` on, to the sums.
KAIRANK_TARGET_AVX2 inline void addNibbles(const CodeQuery& query, const Group& group, size_t first, size_t blocks,
                                           __m256i* sums) {
  __m256i pairs[kRows];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) pairs[r] = _mm256_setzero_si256();
  for (size_t b = first; b < first + blocks; ++b) {
    const NibbleLanes lanes(query.lanes + b * 2 * kBlock);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) pairs[r] = _mm256_add_epi16(pairs[r], lanes.times(group.at[r] + b * kBlock));
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) sums[r] = _mm256_add_epi32(sums[r], widened(pairs[r]));
}

KAIRANK_TARGET_AVX2 void gatherLong(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer,
                                    const uint32_t* rows, size_t count, float* out) {
  for (size_t i = 0; i < count; i += kRows) {
    const Group group(codes, stride, rows + i, count - i);
    __m256i sums[kRows];
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) sums[r] = _mm256_setzero_si256();
    size_t b = 0;
    for (; b + kChunk <= query.blocks; b += kChunk) addNibbles(query, group, b, kChunk, sums);
    if (b < query.blocks) addNibbles(query, group, b, query.blocks - b, sums);
    storeScores(query, group, trailer, sumsOf(sums), out + i);
  }
}

}  // namespace

KAIRANK_TARGET_AVX2 void gatherI4Avx2(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer,
                                      const uint32_t* rows, size_t count, float* out) {
  if (query.blocks == 2) {
    gatherShort<2>(query, codes, stride, trailer, rows, count, out);
  } else if (query.blocks == 1) {
    gatherShort<1>(query, codes, stride, trailer, rows, count, out);
  } else {
    gatherLong(query, codes, stride, trailer, rows, count, out);
  }
}

/// The sign of a lane moves to the row, so that one factor is unsigned: a pair of products is at most 2 * 127 * 127,
/// and does not saturate. A byte of -128 after the payload meets a lane of 0, which makes it 0.
KAIRANK_TARGET_AVX2 void gatherI8Avx2(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer,
                                      const uint32_t* rows, size_t count, float* out) {
  for (size_t i = 0; i < count; i += kRows) {
    const Group group(codes, stride, rows + i, count - i);
    __m256i sums[kRows];
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) sums[r] = _mm256_setzero_si256();
    for (size_t b = 0; b < query.blocks; ++b) {
      const __m256i lanes = loadBlock(query.lanes + b * kBlock);
      const __m256i magnitudes = _mm256_abs_epi8(lanes);
      KAIRANK_UNROLL
      for (size_t r = 0; r < kRows; ++r) {
        const __m256i row = _mm256_sign_epi8(loadBlock(group.at[r] + b * kBlock), lanes);
        sums[r] = _mm256_add_epi32(sums[r], widened(_mm256_maddubs_epi16(magnitudes, row)));
      }
    }
    storeScores(query, group, trailer, sumsOf(sums), out + i);
  }
}

}  // namespace kairank

#endif
