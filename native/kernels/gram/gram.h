#pragma once
// Weighted sums of outer products: A += sum_i w_i x_i x_i^T, the lower triangle only (column <= row); what lies above
// the diagonal is neither read nor written. A null w means that every weight is 1. x has `count` rows of dim floats.
// Accumulator: f32, one lane an entry, sums of blocks of rows added to A in order. Error of an entry at most
// (count + 4) u (|A| + sum_i |w_i x_ia x_ib|) with u = 2^-24, as long as nothing under- or overflows. Any dim.

#include <cstddef>

namespace kairank {

void gramF32Scalar(const float* x, size_t stride, const float* w, size_t count, size_t dim, float* a, size_t lda);
void gramF32Neon(const float* x, size_t stride, const float* w, size_t count, size_t dim, float* a, size_t lda);
void gramF32Avx2(const float* x, size_t stride, const float* w, size_t count, size_t dim, float* a, size_t lda);
void gramF32Avx512(const float* x, size_t stride, const float* w, size_t count, size_t dim, float* a, size_t lda);

}  // namespace kairank
