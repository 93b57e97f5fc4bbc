#include "../intrinsics.h"
#include "../unroll.h"
#include "gather.h"
#include "group.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {
namespace {

using namespace gather;

constexpr size_t kVector = 16;
constexpr size_t kChunk = 2;  // blocks of nibbles whose 16 products a lane, of at most 15 * 127, fit int16

/// From the sums of a group to its scores: every step rounds, as gather.h has it.
KAIRANK_TARGET_NEON inline void storeScores(const CodeQuery& query, const Group& group, size_t trailer,
                                            const int32x4_t* sums, float* out) {
  const int32x4_t whole = vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
  float32x4_t trailers[kRows / 2];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; r += 2) {
    const uint8x16_t bytes = vcombine_u8(vld1_u8(group.at[r] + trailer), vld1_u8(group.at[r + 1] + trailer));
    trailers[r / 2] = vreinterpretq_f32_u8(bytes);
  }
  const float32x4_t scale = vuzp1q_f32(trailers[0], trailers[1]);
  const float32x4_t bias = vuzp2q_f32(trailers[0], trailers[1]);
  const float32x4_t product = vmulq_f32(vdupq_n_f32(query.scale), vcvtq_f32_s32(whole));
  const float32x4_t shifted = vaddq_f32(product, vdupq_n_f32(query.offset));
  vst1q_f32(out, vaddq_f32(vmulq_f32(scale, shifted), bias));
}

KAIRANK_TARGET_NEON inline void clear(int32x4_t* sums) {
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) sums[r] = vdupq_n_s32(0);
}

/// Adds to the sums, which are of int16, 16 products of codes and lanes, two a sum.
KAIRANK_TARGET_NEON inline int16x8_t addProducts(int16x8_t sums, int8x16_t codes, int8x16_t lanes) {
  const int16x8_t low = vmlal_s8(sums, vget_low_s8(codes), vget_low_s8(lanes));
  return vmlal_s8(low, vget_high_s8(codes), vget_high_s8(lanes));
}

/// Adds `blocks` (at most kChunk) blocks of nibbles, from block `first` on, to the sums.
KAIRANK_TARGET_NEON inline void addNibbles(const CodeQuery& query, const Group& group, size_t first, size_t blocks,
                                           int32x4_t* sums) {
  const uint8x16_t mask = vdupq_n_u8(15);
  int16x8_t narrow[kRows];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) narrow[r] = vdupq_n_s16(0);
  for (size_t b = first; b < first + blocks; ++b) {
    KAIRANK_UNROLL
    for (size_t at = 0; at < kBlock; at += kVector) {
      const int8_t* lanes = query.lanes + b * 2 * kBlock + at;
      const int8x16_t low = vld1q_s8(lanes);
      const int8x16_t high = vld1q_s8(lanes + kBlock);
      KAIRANK_UNROLL
      for (size_t r = 0; r < kRows; ++r) {
        const uint8x16_t bytes = vld1q_u8(group.at[r] + b * kBlock + at);
        narrow[r] = addProducts(narrow[r], vreinterpretq_s8_u8(vandq_u8(bytes, mask)), low);
        narrow[r] = addProducts(narrow[r], vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4)), high);
      }
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kRows; ++r) sums[r] = vpadalq_s16(sums[r], narrow[r]);
}

}  // namespace

void gatherI4Neon(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer, const uint32_t* rows,
                  size_t count, float* out) {
  for (size_t i = 0; i < count; i += kRows) {
    const Group group(codes, stride, rows + i, count - i);
    int32x4_t sums[kRows];
    clear(sums);
    size_t b = 0;
    for (; b + kChunk <= query.blocks; b += kChunk) addNibbles(query, group, b, kChunk, sums);
    if (b < query.blocks) addNibbles(query, group, b, query.blocks - b, sums);
    storeScores(query, group, trailer, sums, out + i);
  }
}

/// Two products of bytes, of at most 127 * 127, fit int16. A byte of -128 after the payload meets a lane of 0.
void gatherI8Neon(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer, const uint32_t* rows,
                  size_t count, float* out) {
  for (size_t i = 0; i < count; i += kRows) {
    const Group group(codes, stride, rows + i, count - i);
    int32x4_t sums[kRows];
    clear(sums);
    for (size_t at = 0; at < query.blocks * kBlock; at += kVector) {
      const int8x16_t lanes = vld1q_s8(query.lanes + at);
      KAIRANK_UNROLL
      for (size_t r = 0; r < kRows; ++r) {
        const int8x16_t row = vreinterpretq_s8_u8(vld1q_u8(group.at[r] + at));
        sums[r] = vpadalq_s16(sums[r], addProducts(vdupq_n_s16(0), row, lanes));
      }
    }
    storeScores(query, group, trailer, sums, out + i);
  }
}

}  // namespace kairank

#endif
