#pragma once
// Scores of one query against chosen rows of quantised codes: what a walk through a graph asks for, a few rows at a
// time, from anywhere. A row of codes is `stride` bytes: the payload at its start, and somewhere after the payload, at
// `trailer`, two floats (at any address), the scale and the bias of the row.
//
//   out[i] = scale_r * (query.scale * float(I_r) + query.offset) + bias_r     for r = rows[i]
//
//   kernel    payload of `dim` values                                          I_r
//   gatherI8  byte j is the int8 x_j, |x_j| <= 127                             sum q_j x_j
//   gatherI4  P = ceil(dim / 2) bytes; byte j has u_j in its low nibble and
//             u_(j + P) in the high one, 0 <= u_j <= 15 (for u_j - 7.5)        sum q_j u_j
//
// A query is `blocks` blocks of int8 lanes, |q_j| <= 127, on an address that is a multiple of 32; block b meets bytes
// 32 b .. 32 b + 31 of a row.
//
//   gatherI8  32 lanes a block, those of the 32 bytes
//   gatherI4  64 lanes a block: 32 for the low nibbles of the bytes, then 32 for the high ones
//
// A lane without a value is 0, so that what lies in a row after its payload may be anything, the trailer too. Of row r
// the bytes [0, 32 * blocks) and the trailer are read, whatever the dimension is: behind the last row that many must be
// readable. Rows that are not in `rows` are not touched, and nothing is prefetched: the caller knows what comes next.
//
//   kernel    accumulator                       largest safe dim
//   gatherI8  int32, exact on every target      131071
//   gatherI4  int32, exact on every target      1048576
//
// The float arithmetic is the four roundings that the formula shows, and that of I_r to float, in single precision: the
// same bits on every target. NaN and infinities of a trailer come through as IEEE 754 has it. `out` has room for count
// rounded up to a multiple of 4, and what is written past count is unspecified. A count of 0 is allowed; no blocks are
// too, and I is 0 then.

#include <cstddef>
#include <cstdint>

#include "../table.h"

namespace kairank {

#define KAIRANK_DECLARE_GATHER(target)                                                               \
  void gatherI4##target(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer, \
                        const uint32_t* rows, size_t count, float* out);                             \
  void gatherI8##target(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer, \
                        const uint32_t* rows, size_t count, float* out);

KAIRANK_DECLARE_GATHER(Scalar)
KAIRANK_DECLARE_GATHER(Neon)
KAIRANK_DECLARE_GATHER(Avx2)
KAIRANK_DECLARE_GATHER(Avx512)

#undef KAIRANK_DECLARE_GATHER

}  // namespace kairank
