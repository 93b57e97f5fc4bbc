#include "../intrinsics.h"
#include "../quantise/quantise.h"
#include "../unroll.h"
#include "batch.h"
#include "dot.h"

#if defined(KAIRANK_WITH_AVX2)

namespace kairank {
namespace {

constexpr size_t kGroup = 4;  // rows of a group: with 3 vectors of queries, 12 accumulators of 16 registers

/// Words that are floats.
struct FloatWords {
  using Vector = __m256;
  KAIRANK_TARGET_AVX2 static Vector load(const char* from) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
  }
  KAIRANK_TARGET_AVX2 static Vector everyLane(const char* word) {
    return _mm256_broadcast_ss(reinterpret_cast<const float*>(word));
  }
  KAIRANK_TARGET_AVX2 static Vector addProduct(Vector sum, Vector queries, Vector row) {
    return _mm256_fmadd_ps(queries, row, sum);
  }
  KAIRANK_TARGET_AVX2 static __m256 bits(Vector v) { return v; }
};

/// Words that are pairs of int16.
struct PairWords {
  using Vector = __m256i;
  KAIRANK_TARGET_AVX2 static Vector load(const char* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  KAIRANK_TARGET_AVX2 static Vector everyLane(const char* word) {
    int32_t pair;
    std::memcpy(&pair, word, kWord);
    return _mm256_set1_epi32(pair);
  }
  KAIRANK_TARGET_AVX2 static Vector addProduct(Vector sum, Vector queries, Vector row) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(queries, row));
  }
  KAIRANK_TARGET_AVX2 static __m256 bits(Vector v) { return _mm256_castsi256_ps(v); }
};

/// Stores four rows of eight queries each as eight queries of four scores.
KAIRANK_TARGET_AVX2 inline void storeTransposed(__m256 r0, __m256 r1, __m256 r2, __m256 r3, float* out, size_t stride) {
  const __m256 low01 = _mm256_unpacklo_ps(r0, r1);
  const __m256 high01 = _mm256_unpackhi_ps(r0, r1);
  const __m256 low23 = _mm256_unpacklo_ps(r2, r3);
  const __m256 high23 = _mm256_unpackhi_ps(r2, r3);
  const __m256 queries[4] = {_mm256_shuffle_ps(low01, low23, 0x44), _mm256_shuffle_ps(low01, low23, 0xEE),
                             _mm256_shuffle_ps(high01, high23, 0x44), _mm256_shuffle_ps(high01, high23, 0xEE)};
  for (size_t i = 0; i < 4; ++i) {
    _mm_storeu_ps(out + i * stride, _mm256_castps256_ps128(queries[i]));
    _mm_storeu_ps(out + (i + 4) * stride, _mm256_extractf128_ps(queries[i], 1));
  }
}

template <class Words, size_t kVectors>
KAIRANK_TARGET_AVX2 void multiply(const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
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
                    out + v * 8 * outStride, outStride);
  }
}

template <class Words>
void multiply(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
              size_t outStride) {
  if (vectors == 3) {
    multiply<Words, 3>(packed, rows, rowBytes, steps, out, outStride);
  } else if (vectors == 2) {
    multiply<Words, 2>(packed, rows, rowBytes, steps, out, outStride);
  } else {
    multiply<Words, 1>(packed, rows, rowBytes, steps, out, outStride);
  }
}

struct TileShape {
  static constexpr size_t kLanes = 8;
  static constexpr size_t kVectors = 3;
  static constexpr size_t kRows = kGroup;
  static constexpr size_t kStepMultiple = 1;
  static constexpr size_t kFewest = 6;
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
    dotF32Avx2(query, rows, stride, count, dim, out);
  }
};

/// bf16 becomes f32 on the way in.
struct Bf16Tile : TileShape {
  using In = uint16_t;
  using Out = float;
  static size_t words(size_t dim) { return dim; }
  static bool readsRows(size_t) { return false; }
  static void encodeRow(const uint16_t* row, size_t dim, char* to) {
    fromBf16Avx2(row, reinterpret_cast<float*>(to), dim);
  }
  static void encodeQuery(const uint16_t* query, size_t dim, char* to) { encodeRow(query, dim, to); }
  static float initial(const uint16_t*, size_t) { return 0; }
  static void compute(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
                      size_t outStride) {
    multiply<FloatWords>(vectors, packed, rows, rowBytes, steps, out, outStride);
  }
  static void dot(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count, size_t dim, float* out) {
    dotBf16Avx2(query, rows, stride, count, dim, out);
  }
};

KAIRANK_TARGET_AVX2 inline void widen16(const int8_t* from, int16_t* to) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_cvtepi8_epi16(bytes));
}

KAIRANK_TARGET_AVX2 void widen(const int8_t* from, size_t count, int16_t* to) {
  if (count < 16) {
    for (size_t k = 0; k < count; ++k) to[k] = from[k];
    return;
  }
  for (size_t k = 0; k + 16 <= count; k += 16) widen16(from + k, to + k);
  widen16(from + count - 16, to + count - 16);  // the rest, and some of what was written already
}

/// int8 becomes int16 on the way in, so that a word is a pair for pmaddwd.
struct I8Tile : TileShape {
  using In = int8_t;
  using Out = int32_t;
  static size_t words(size_t dim) { return (dim + 1) / 2; }
  static bool readsRows(size_t) { return false; }
  static void encodeRow(const int8_t* row, size_t dim, char* to) {
    int16_t* pairs = reinterpret_cast<int16_t*>(to);
    widen(row, dim, pairs);
    if (dim % 2 != 0) pairs[dim] = 0;
  }
  static void encodeQuery(const int8_t* query, size_t dim, char* to) { encodeRow(query, dim, to); }
  static int32_t initial(const int8_t*, size_t) { return 0; }
  static void compute(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, int32_t* out,
                      size_t outStride) {
    multiply<PairWords>(vectors, packed, rows, rowBytes, steps, reinterpret_cast<float*>(out), outStride);
  }
  static void dot(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim, int32_t* out) {
    dotI8Avx2(query, rows, stride, count, dim, out);
  }
};

}  // namespace

void batchF32Avx2(const float* queries, size_t queryStride, size_t m, const float* rows, size_t rowStride, size_t n,
                  size_t dim, float* out, size_t outStride) {
  runBatch<F32Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchBf16Avx2(const uint16_t* queries, size_t queryStride, size_t m, const uint16_t* rows, size_t rowStride,
                   size_t n, size_t dim, float* out, size_t outStride) {
  runBatch<Bf16Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchI8Avx2(const int8_t* queries, size_t queryStride, size_t m, const int8_t* rows, size_t rowStride, size_t n,
                 size_t dim, int32_t* out, size_t outStride) {
  runBatch<I8Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

}  // namespace kairank

#endif
