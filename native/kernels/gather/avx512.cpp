#include "../intrinsics.h"
#include "../unroll.h"
#include "gather.h"
#include "scores_x86.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace {

using namespace gather;

constexpr size_t kLine = 2 * kBlock;  // a vector has the bytes of two blocks; after an odd number it is half empty

/// The bytes of two blocks, or of the last one alone: nothing after it is read.
template <bool kWhole>
KAIRANK_TARGET_AVX512 inline __m512i loadLine(const void* from) {
  return kWhole ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(0xFFFFFFFFu, from);
}

KAIRANK_TARGET_AVX512 inline __m512i joined(const int8_t* low, const int8_t* high) {
  const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(low));
  return _mm512_inserti64x4(_mm512_castsi256_si512(half), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(high)),
                            1);
}

KAIRANK_TARGET_AVX512 inline void clear(__m512i* sums) {
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) sums[r] = _mm512_setzero_si512();
}

KAIRANK_TARGET_AVX512 inline __m128i sumsOf(const __m512i* sums) {
  __m256i halves[kRows];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    halves[r] = _mm256_add_epi32(_mm512_castsi512_si256(sums[r]), _mm512_extracti64x4_epi64(sums[r], 1));
  }
  return gather::sumsOf(halves);
}

/// Lanes of a line of 4-bit codes: those of the low nibbles of its bytes, and those of the high ones.
template <bool kWhole>
struct NibbleLanes {
  __m512i low;
  __m512i high;

  KAIRANK_TARGET_AVX512 explicit NibbleLanes(const int8_t* lanes)
      : low(kWhole ? joined(lanes, lanes + kLine) : loadLine<false>(lanes)),
        high(kWhole ? joined(lanes + kBlock, lanes + kBlock + kLine) : loadLine<false>(lanes + kBlock)) {}

  KAIRANK_TARGET_AVX512 void add(const Group& group, size_t at, __m512i* sums) const {
    const __m512i mask = _mm512_set1_epi8(15);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      const __m512i bytes = loadLine<kWhole>(group.at[r] + at);
      const __m512i highCodes = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), mask);
      sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_and_si512(bytes, mask), low);
      sums[r] = _mm512_dpbusd_epi32(sums[r], highCodes, high);
    }
  }
};

/// One line a row at most, with the lanes of the query in registers throughout.
template <bool kWhole>
KAIRANK_TARGET_AVX512 void gatherShort(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer,
                                       const uint32_t* rows, size_t count, float* out) {
  const NibbleLanes<kWhole> lanes(query.lanes);
  for (size_t i = 0; i < count; i += kRows) {
    const Group group(codes, stride, rows + i, count - i);
    __m512i sums[kRows];
    clear(sums);
    lanes.add(group, 0, sums);
    storeScores(query, group, trailer, sumsOf(sums), out + i);
  }
}

KAIRANK_TARGET_AVX512 void gatherLong(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer,
                                      const uint32_t* rows, size_t count, float* out) {
  for (size_t i = 0; i < count; i += kRows) {
    const Group group(codes, stride, rows + i, count - i);
    __m512i sums[kRows];
    clear(sums);
    size_t b = 0;
    for (; b + 2 <= query.blocks; b += 2) {
      NibbleLanes<true>(query.lanes + b * 2 * kBlock).add(group, b * kBlock, sums);
    }
    if (b < query.blocks) NibbleLanes<false>(query.lanes + b * 2 * kBlock).add(group, b * kBlock, sums);
    storeScores(query, group, trailer, sumsOf(sums), out + i);
  }
}

/// Adds a line of 8-bit codes. VNNI wants one factor unsigned: the sign of a lane moves to the row. A byte of -128
/// after the payload stays what it is, but meets a lane of 0.
template <bool kWhole>
KAIRANK_TARGET_AVX512 inline void addBytes(const int8_t* lanes, const Group& group, size_t at, __m512i* sums) {
  const __m512i q = loadLine<kWhole>(lanes + at);
  const __m512i magnitudes = _mm512_abs_epi8(q);
  const __mmask64 negative = _mm512_movepi8_mask(q);
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    const __m512i bytes = loadLine<kWhole>(group.at[r] + at);
    const __m512i row = _mm512_mask_sub_epi8(bytes, negative, _mm512_setzero_si512(), bytes);
    sums[r] = _mm512_dpbusd_epi32(sums[r], magnitudes, row);
  }
}

}  // namespace

KAIRANK_TARGET_AVX512 void gatherI4Avx512(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer,
                                          const uint32_t* rows, size_t count, float* out) {
  if (query.blocks == 2) {
    gatherShort<true>(query, codes, stride, trailer, rows, count, out);
  } else if (query.blocks == 1) {
    gatherShort<false>(query, codes, stride, trailer, rows, count, out);
  } else {
    gatherLong(query, codes, stride, trailer, rows, count, out);
  }
}

KAIRANK_TARGET_AVX512 void gatherI8Avx512(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer,
                                          const uint32_t* rows, size_t count, float* out) {
  const size_t bytes = query.blocks * kBlock;
  for (size_t i = 0; i < count; i += kRows) {
    const Group group(codes, stride, rows + i, count - i);
    __m512i sums[kRows];
    clear(sums);
    size_t at = 0;
    for (; at + kLine <= bytes; at += kLine) addBytes<true>(query.lanes, group, at, sums);
    if (at < bytes) addBytes<false>(query.lanes, group, at, sums);
    storeScores(query, group, trailer, sumsOf(sums), out + i);
  }
}

}  // namespace kairank

#endif
