#pragma once
// Squared Euclidean distances of one query from rows: out[i] = sum_k (query_k - row_k)^2. Strides are in elements and
// at least dim. The differences are squared as they are, never taken from dot products: nearby vectors keep all their
// digits. With u = 2^-24 and S the distance itself:
//
//   kernel  accumulator           largest safe dim   error at most
//   l2F32   f32, 8 lanes or more  2^22               (dim / 8 + 11) u S
//
// The bound holds while no square underflows (each that does adds 2^-126 at most) and no sum overflows. Equal rows get
// equal distances, bit by bit, wherever they stand: a caller may break ties by something else. A NaN in either vector
// gives NaN, infinities follow IEEE 754. A count or dim of 0 is allowed: nothing written, or zeros.

#include <cstddef>

namespace kairank {

#define KAIRANK_DECLARE_L2(target) \
  void l2F32##target(const float* query, const float* rows, size_t stride, size_t count, size_t dim, float* out);

KAIRANK_DECLARE_L2(Scalar)
KAIRANK_DECLARE_L2(Neon)
KAIRANK_DECLARE_L2(Avx2)
KAIRANK_DECLARE_L2(Avx512)

#undef KAIRANK_DECLARE_L2

}  // namespace kairank
