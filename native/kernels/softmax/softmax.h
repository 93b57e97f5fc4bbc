#pragma once
// What a softmax over a long row needs: x[i] becomes exp(x[i] - largest), the largest is told, the sum of the
// exponentials returned. Any n; with n of 0 the largest is -infinity and the sum 0.
// Accumulator: f32, four vectors or more, each at most 256 terms long before its sum goes on in double. An exponential
// is within (2e-7 + 2e-7 |x[i] - largest|) of itself for x[i] - largest above -87, and at most 1.2e-38 below; the sum
// is within 2e-5 of itself, and within 2e-6 where the terms that matter are near the largest.
// With a NaN or an infinity in x the results are unspecified, but nothing is touched beyond them.

#include <cstddef>

namespace kairank {

double softmaxF32Scalar(float* x, size_t n, float* largest);
double softmaxF32Neon(float* x, size_t n, float* largest);
double softmaxF32Avx2(float* x, size_t n, float* largest);
double softmaxF32Avx512(float* x, size_t n, float* largest);

}  // namespace kairank
