#pragma once
// Matrix products: C = op(A) op(B), or C += op(A) op(B): see GemmTask. Accumulator: f32, one lane an entry of C, the
// sums of blocks of k added to C in order. Error of an entry at most (k + 4) u (|C| + sum_p |a_ip b_pj|) with
// u = 2^-24, as long as nothing under- or overflows. Any sizes; strides at least the stored row's length. A k of 0
// gives zeros, or leaves C. NaN and infinities follow IEEE 754. C overlaps neither A nor B.

#include "../table.h"

namespace kairank {

void gemmF32Scalar(const GemmTask& task);
void gemmF32Neon(const GemmTask& task);
void gemmF32Avx2(const GemmTask& task);
void gemmF32Avx512(const GemmTask& task);

}  // namespace kairank
