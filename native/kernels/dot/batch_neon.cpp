#include "../intrinsics.h"
#include "../quantise/quantise.h"
#include "../unroll.h"
#include "batch.h"
#include "dot.h"

#if defined(KAIRANK_WITH_NEON)

namespace kairank {
namespace {

constexpr size_t kGroup = 4;  // rows of a group: with 4 vectors of queries, 16 accumulators of 32 registers

/// Words that are floats.
struct FloatWords {
  using Vector = float32x4_t;
  KAIRANK_TARGET_NEON static Vector load(const char* from) { return vld1q_f32(reinterpret_cast<const float*>(from)); }
  KAIRANK_TARGET_NEON static Vector everyLane(const char* word) {
    return vld1q_dup_f32(reinterpret_cast<const float*>(word));
  }
  KAIRANK_TARGET_NEON static Vector addProduct(Vector sum, Vector queries, Vector row) {
    return vfmaq_f32(sum, queries, row);
  }
  KAIRANK_TARGET_NEON static float32x4_t bits(Vector v) { return v; }
};

/// Words that are whole numbers.
struct WholeWords {
  using Vector = int32x4_t;
  KAIRANK_TARGET_NEON static Vector load(const char* from) { return vld1q_s32(reinterpret_cast<const int32_t*>(from)); }
  KAIRANK_TARGET_NEON static Vector everyLane(const char* word) {
    return vld1q_dup_s32(reinterpret_cast<const int32_t*>(word));
  }
  KAIRANK_TARGET_NEON static Vector addProduct(Vector sum, Vector queries, Vector row) {
    return vmlaq_s32(sum, queries, row);
  }
  KAIRANK_TARGET_NEON static float32x4_t bits(Vector v) { return vreinterpretq_f32_s32(v); }
};

/// Stores four rows of four queries each as four queries of four scores.
KAIRANK_TARGET_NEON inline void storeTransposed(float32x4_t r0, float32x4_t r1, float32x4_t r2, float32x4_t r3,
                                                float* out, size_t stride) {
  const float32x4x2_t low = vtrnq_f32(r0, r1);
  const float32x4x2_t high = vtrnq_f32(r2, r3);
  vst1q_f32(out, vcombine_f32(vget_low_f32(low.val[0]), vget_low_f32(high.val[0])));
  vst1q_f32(out + stride, vcombine_f32(vget_low_f32(low.val[1]), vget_low_f32(high.val[1])));
  vst1q_f32(out + 2 * stride, vcombine_f32(vget_high_f32(low.val[0]), vget_high_f32(high.val[0])));
  vst1q_f32(out + 3 * stride, vcombine_f32(vget_high_f32(low.val[1]), vget_high_f32(high.val[1])));
}

template <class Words, size_t kVectors>
KAIRANK_TARGET_NEON void multiply(const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
                                  size_t outStride) {
  using Vector = typename Words::Vector;
  constexpr size_t kBytes = sizeof(Vector);
  Vector sums[kGroup][kVectors];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kGroup; ++r) {
    KAIRANK_UNROLL
    for (size_t v = 0; v < kVectors; ++v) sums[r][v] = Words::load(packed + v * kBytes);
  }
  for (size_t k = 0; k < steps; ++k) {
    packed += kVectors * kBytes;
    Vector queries[kVectors];
    KAIRANK_UNROLL
    for (size_t v = 0; v < kVectors; ++v) queries[v] = Words::load(packed + v * kBytes);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kGroup; ++r) {
      const Vector row = Words::everyLane(rows + r * rowBytes + k * kWord);
      KAIRANK_UNROLL
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] = Words::addProduct(sums[r][v], queries[v], row);
    }
  }
  KAIRANK_UNROLL
  for (size_t v = 0; v < kVectors; ++v) {
    storeTransposed(Words::bits(sums[0][v]), Words::bits(sums[1][v]), Words::bits(sums[2][v]), Words::bits(sums[3][v]),
                    out + v * 4 * outStride, outStride);
  }
}

template <class Words>
void multiply(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
              size_t outStride) {
  if (vectors == 4) {
    multiply<Words, 4>(packed, rows, rowBytes, steps, out, outStride);
  } else if (vectors == 3) {
    multiply<Words, 3>(packed, rows, rowBytes, steps, out, outStride);
  } else if (vectors == 2) {
    multiply<Words, 2>(packed, rows, rowBytes, steps, out, outStride);
  } else {
    multiply<Words, 1>(packed, rows, rowBytes, steps, out, outStride);
  }
}

struct TileShape {
  static constexpr size_t kLanes = 4;
  static constexpr size_t kVectors = 4;
  static constexpr size_t kRows = kGroup;
  static constexpr size_t kStepMultiple = 1;
  static constexpr size_t kFewest = 4;
};

struct F32Tile : TileShape {
  using In = float;
  using Out = float;
  static size_t words(size_t dim) { return dim; }
  static bool readsRows(size_t) { return true; }
  static void encodeRow(const float* row, size_t dim, char* to) { std::memcpy(to, row, dim * kWord); }
  static void encodeQuery(const float* query, size_t dim, char* to) { encodeRow(query, dim, to); }
  static float initial(const float*, size_t) { return 0; }
  static void compute(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
                      size_t outStride) {
    multiply<FloatWords>(vectors, packed, rows, rowBytes, steps, out, outStride);
  }
  static void dot(const float* query, const float* rows, size_t stride, size_t count, size_t dim, float* out) {
    dotF32Neon(query, rows, stride, count, dim, out);
  }
};

/// bf16 becomes f32 on the way in.
struct Bf16Tile : TileShape {
  using In = uint16_t;
  using Out = float;
  static size_t words(size_t dim) { return dim; }
  static bool readsRows(size_t) { return false; }
  static void encodeRow(const uint16_t* row, size_t dim, char* to) {
    fromBf16Neon(row, reinterpret_cast<float*>(to), dim);
  }
  static void encodeQuery(const uint16_t* query, size_t dim, char* to) { encodeRow(query, dim, to); }
  static float initial(const uint16_t*, size_t) { return 0; }
  static void compute(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
                      size_t outStride) {
    multiply<FloatWords>(vectors, packed, rows, rowBytes, steps, out, outStride);
  }
  static void dot(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count, size_t dim, float* out) {
    dotBf16Neon(query, rows, stride, count, dim, out);
  }
};

/// int8 becomes int32 on the way in: plain armv8-a has no product of bytes that adds up in lanes of 32 bits.
struct I8Tile : TileShape {
  using In = int8_t;
  using Out = int32_t;
  static size_t words(size_t dim) { return dim; }
  static bool readsRows(size_t) { return false; }
  static void encodeRow(const int8_t* row, size_t dim, char* to) {
    int32_t* whole = reinterpret_cast<int32_t*>(to);
    for (size_t k = 0; k < dim; ++k) whole[k] = row[k];
  }
  static void encodeQuery(const int8_t* query, size_t dim, char* to) { encodeRow(query, dim, to); }
  static int32_t initial(const int8_t*, size_t) { return 0; }
  static void compute(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, int32_t* out,
                      size_t outStride) {
    multiply<WholeWords>(vectors, packed, rows, rowBytes, steps, reinterpret_cast<float*>(out), outStride);
  }
  static void dot(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim, int32_t* out) {
    dotI8Neon(query, rows, stride, count, dim, out);
  }
};

}  // namespace

void batchF32Neon(const float* queries, size_t queryStride, size_t m, const float* rows, size_t rowStride, size_t n,
                  size_t dim, float* out, size_t outStride) {
  runBatch<F32Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchBf16Neon(const uint16_t* queries, size_t queryStride, size_t m, const uint16_t* rows, size_t rowStride,
                   size_t n, size_t dim, float* out, size_t outStride) {
  runBatch<Bf16Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchI8Neon(const int8_t* queries, size_t queryStride, size_t m, const int8_t* rows, size_t rowStride, size_t n,
                 size_t dim, int32_t* out, size_t outStride) {
  runBatch<I8Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

}  // namespace kairank

#endif
