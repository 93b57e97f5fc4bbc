#pragma once
// y += alpha * x. Element by element in f32: error at most 2 u (|y| + |alpha x|) with u = 2^-24 (targets with a fused
// multiply-add round once). Any n. x and y are the same array or do not overlap.

#include <cstddef>

namespace kairank {

void axpyF32Scalar(float alpha, const float* x, float* y, size_t n);
void axpyF32Neon(float alpha, const float* x, float* y, size_t n);
void axpyF32Avx2(float alpha, const float* x, float* y, size_t n);
void axpyF32Avx512(float alpha, const float* x, float* y, size_t n);

}  // namespace kairank
