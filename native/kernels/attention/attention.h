#pragma once
// Softmax attention of candidates over a shopper's events: see AttentionTask. All take heads, bias and weights.
// Accumulators: f32. Without events the output is zeros.

#include "../table.h"

namespace kairank {

void attentionF32Scalar(const AttentionTask& task);
void attentionF32Avx2(const AttentionTask& task);
void attentionF32Avx512(const AttentionTask& task);
void attentionBf16Scalar(const AttentionTask& task);
void attentionBf16Avx512(const AttentionTask& task);
void attentionBf16Amx(const AttentionTask& task);

}  // namespace kairank
