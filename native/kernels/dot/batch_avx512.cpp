#include "../intrinsics.h"
#include "../quantise/quantise.h"
#include "../unroll.h"
#include "batch.h"
#include "dot.h"
#include "transpose_avx512.h"

#if defined(KAIRANK_WITH_AVX512)

namespace kairank {
namespace {

constexpr size_t kGroup = 8;  // rows of a group: with 3 vectors of queries, 24 accumulators of 32 registers

/// Words that are floats.
struct FloatWords {
  using Vector = __m512;
  KAIRANK_TARGET_AVX512 static Vector load(const char* from) {
    return _mm512_loadu_ps(reinterpret_cast<const float*>(from));
  }
  KAIRANK_TARGET_AVX512 static Vector everyLane(const char* word) {
    float value;
    std::memcpy(&value, word, kWord);
    return _mm512_set1_ps(value);
  }
  KAIRANK_TARGET_AVX512 static Vector addProduct(Vector sum, Vector queries, Vector row) {
    return _mm512_fmadd_ps(queries, row, sum);
  }
  KAIRANK_TARGET_AVX512 static __m512 bits(Vector v) { return v; }
};

/// Words that are four bytes: of rows unsigned, of queries signed.
struct QuadWords {
  using Vector = __m512i;
  KAIRANK_TARGET_AVX512 static Vector load(const char* from) { return _mm512_loadu_si512(from); }
  KAIRANK_TARGET_AVX512 static Vector everyLane(const char* word) {
    int32_t value;
    std::memcpy(&value, word, kWord);
    return _mm512_set1_epi32(value);
  }
  KAIRANK_TARGET_AVX512 static Vector addProduct(Vector sum, Vector queries, Vector row) {
    return _mm512_dpbusd_epi32(sum, row, queries);
  }
  KAIRANK_TARGET_AVX512 static __m512 bits(Vector v) { return _mm512_castsi512_ps(v); }
};

template <class Words, size_t kVectors>
KAIRANK_TARGET_AVX512 void multiply(const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
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
    KAIRANK_UNROLL
    for (size_t r = 0; r < kGroup; r += 4) {
      storeColumns(Words::bits(sums[r][v]), Words::bits(sums[r + 1][v]), Words::bits(sums[r + 2][v]),
                   Words::bits(sums[r + 3][v]), out + v * 16 * outStride + r, outStride);
    }
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
  static constexpr size_t kLanes = 16;
  static constexpr size_t kVectors = 3;
  static constexpr size_t kRows = kGroup;
  static constexpr size_t kStepMultiple = 1;
  static constexpr size_t kFewest = 8;
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
    dotF32Avx512(query, rows, stride, count, dim, out);
  }
};

/// bf16 becomes f32 on the way in.
struct Bf16Tile : TileShape {
  using In = uint16_t;
  using Out = float;
  static size_t words(size_t dim) { return dim; }
  static bool readsRows(size_t) { return false; }
  static void encodeRow(const uint16_t* row, size_t dim, char* to) {
    fromBf16Avx512(row, reinterpret_cast<float*>(to), dim);
  }
  static void encodeQuery(const uint16_t* query, size_t dim, char* to) { encodeRow(query, dim, to); }
  static float initial(const uint16_t*, size_t) { return 0; }
  static void compute(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, float* out,
                      size_t outStride) {
    multiply<FloatWords>(vectors, packed, rows, rowBytes, steps, out, outStride);
  }
  static void dot(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count, size_t dim, float* out) {
    dotBf16Avx512(query, rows, stride, count, dim, out);
  }
};

KAIRANK_TARGET_AVX512 void shiftBytes(const int8_t* from, size_t count, char* to) {
  const __m512i shift = _mm512_set1_epi8(-128);
  for (size_t k = 0; k < count; k += 64) {
    const __mmask64 mask = count - k >= 64 ? ~uint64_t{0} : (uint64_t{1} << (count - k)) - 1;
    _mm512_mask_storeu_epi8(to + k, mask, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, from + k), shift));
  }
}

/// Rows are shifted by 128, since VNNI wants them unsigned; the accumulators begin with what that adds too much.
struct I8Tile : TileShape {
  using In = int8_t;
  using Out = int32_t;
  static size_t words(size_t dim) { return (dim + 3) / 4; }
  static bool readsRows(size_t) { return false; }
  static void encodeRow(const int8_t* row, size_t dim, char* to) {
    std::memset(to + dim, 0, words(dim) * kWord - dim);
    shiftBytes(row, dim, to);
  }
  static void encodeQuery(const int8_t* query, size_t dim, char* to) {
    std::memset(to + dim, 0, words(dim) * kWord - dim);
    std::memcpy(to, query, dim);
  }
  static int32_t initial(const int8_t* query, size_t dim) {
    int32_t sum = 0;
    for (size_t k = 0; k < dim; ++k) sum += query[k];
    return static_cast<int32_t>(0u - 128u * static_cast<uint32_t>(sum));
  }
  static void compute(size_t vectors, const char* packed, const char* rows, size_t rowBytes, size_t steps, int32_t* out,
                      size_t outStride) {
    multiply<QuadWords>(vectors, packed, rows, rowBytes, steps, reinterpret_cast<float*>(out), outStride);
  }
  static void dot(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim, int32_t* out) {
    dotI8Avx512(query, rows, stride, count, dim, out);
  }
};

}  // namespace

void batchF32Avx512(const float* queries, size_t queryStride, size_t m, const float* rows, size_t rowStride, size_t n,
                    size_t dim, float* out, size_t outStride) {
  runBatch<F32Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchBf16Avx512(const uint16_t* queries, size_t queryStride, size_t m, const uint16_t* rows, size_t rowStride,
                     size_t n, size_t dim, float* out, size_t outStride) {
  runBatch<Bf16Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchI8Avx512(const int8_t* queries, size_t queryStride, size_t m, const int8_t* rows, size_t rowStride, size_t n,
                   size_t dim, int32_t* out, size_t outStride) {
  runBatch<I8Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

}  // namespace kairank

#endif
