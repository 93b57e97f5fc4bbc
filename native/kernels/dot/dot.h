#pragma once
// Dot products: one query against rows, and m queries against n rows. Strides are in elements and at least dim.
// With u = 2^-24 (half an f32 ulp of 1) and S = sum_k |a_k b_k|:
//
//   kernel     accumulator                        largest safe dim   error at most
//   dotF32     f32, 8 lanes or more               2^22               (dim / 8 + 8) u S
//   batchF32   f32, one lane a score              2^22               (dim + 1) u S
//   dotBf16    f32, 8 lanes or more               2^22               (dim / 4 + 8) u S
//   batchBf16  f32, one lane a score or more      2^22               (dim + 2) u S
//   dotI8      int32, exact on every target       131071             0
//   batchI8    int32, exact on every target       131071             0
//
// The bounds hold while no product underflows (each that does adds 2^-126 at most) and no sum overflows. Targets differ
// in the order of their sums, so within the bound. A NaN in either vector gives NaN, infinities follow IEEE 754,
// whatever the target. A bf16 denormal counts as zero of its sign, as AVX512_BF16 and AMX have it. A count or dim of 0
// is allowed: nothing written, or zeros.
//
// Scores of many queries are written side by side, one line of memory each: an outStride that is a multiple of 4096
// bytes puts all of these lines into one set of the first-level cache, which costs a tenth of the time and more. Where
// the caller is free to choose, 16 elements more than such a multiple are right.

#include <cstddef>
#include <cstdint>

namespace kairank {

#define KAIRANK_DECLARE_DOT(target)                                                                                   \
  void dotF32##target(const float* query, const float* rows, size_t stride, size_t count, size_t dim, float* out);    \
  void dotBf16##target(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count, size_t dim,          \
                       float* out);                                                                                   \
  void dotI8##target(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim, int32_t* out); \
  void batchF32##target(const float* queries, size_t queryStride, size_t m, const float* rows, size_t rowStride,      \
                        size_t n, size_t dim, float* out, size_t outStride);                                          \
  void batchBf16##target(const uint16_t* queries, size_t queryStride, size_t m, const uint16_t* rows,                 \
                         size_t rowStride, size_t n, size_t dim, float* out, size_t outStride);                       \
  void batchI8##target(const int8_t* queries, size_t queryStride, size_t m, const int8_t* rows, size_t rowStride,     \
                       size_t n, size_t dim, int32_t* out, size_t outStride);

KAIRANK_DECLARE_DOT(Scalar)
KAIRANK_DECLARE_DOT(Neon)
KAIRANK_DECLARE_DOT(Avx2)
KAIRANK_DECLARE_DOT(Avx512)
KAIRANK_DECLARE_DOT(Amx)  // without f32: AMX has no f32 tiles, AVX-512 serves there

#undef KAIRANK_DECLARE_DOT

}  // namespace kairank
