#pragma once
// Softmax attention of candidates over a shopper's events: see AttentionTask. All take heads, bias and weights.
//
// Accumulators: f32, for scores, for the sum of a softmax and for the output. The exponential of the vector targets is
// a polynomial of degree 5 after the powers of two are taken out, wrong by at most 2e-7 of itself.
// Error, with one rounding to f32 of every input as given:
//   score    within 1e-5 * scale * sum|q_i k_i| + 1e-6 * (1 + |score|) for f32; 1e-2 in place of 1e-5 for bf16
//   output   within 1e-5 (f32) or 1e-2 (bf16) of sum_j w_j |v_j|, on top of what the error of the scores moves w
//   mean     within 1e-5 (f32) or 1e-2 (bf16) of sum_j w_j sum|q_i k_j|, on top of the same
// where "bf16" rounds queries, keys, weights and values to bf16 before every product. A target without bf16 products
// does the bf16 entry in f32: there, rounding would cost time and precision both.
// Safe sizes: dim and valueDim up to kMaxDim a head; events and candidates as memory allows; |bias| up to 2e38.
//
// A bias of -inf masks its event: its weight is exactly 0, whatever its key's finite values are. With every event
// masked, or without events, the output, the weights and the means are zeros. A NaN among a candidate's scores (a NaN,
// or infinities that cancel, in its query, a key or the bias) makes that candidate's output and mean of that head NaN;
// a score of +inf does too. Keys and values of masked events must be finite all the same: 0 * inf is NaN.

#include "../table.h"

namespace kairank {

void attentionF32Scalar(const AttentionTask& task);
void attentionF32Neon(const AttentionTask& task);
void attentionF32Avx2(const AttentionTask& task);
void attentionF32Avx512(const AttentionTask& task);
void attentionBf16Scalar(const AttentionTask& task);
void attentionBf16Amx(const AttentionTask& task);

}  // namespace kairank
