#pragma once
// Matrix products: C = op(A) op(B), or C += op(A) op(B): see GemmTask. Accumulator: f32, one lane an entry of C, the
// sums of blocks of k added to C in order. Error of an entry, as long as nothing under- or overflows:
//   gemmF32    at most (k + 4) u (|C| + sum_p |a_ip b_pj|) with u = 2^-24, on every target
//   gemmBf16   on AMX, at most (2^-7 + 2^-16) sum_p |a_ip b_pj| more: it rounds A and B to bf16 (to nearest, ties to
//              even, each wrong by at most 2^-8 of itself) and takes denormals, of C too, as zeros of their sign. The
//              other targets have no faster product in bf16: theirs is gemmF32 itself.
// gemmBf16 is for training, which bears the rounding; what is measured or served takes gemmF32.
// Any sizes; strides at least the stored row's length. A k of 0 gives zeros, or leaves C. NaN and infinities follow
// IEEE 754; in bf16, what rounds above the largest finite number is one, too. C overlaps neither A nor B.

#include "../table.h"

namespace kairank {

void gemmF32Scalar(const GemmTask& task);
void gemmF32Neon(const GemmTask& task);
void gemmF32Avx2(const GemmTask& task);
void gemmF32Avx512(const GemmTask& task);
void gemmBf16Amx(const GemmTask& task);

}  // namespace kairank
