#pragma once
// Positions, ascending, of the scores above a threshold, written to out (room for n); returns how many. NaN is above
// nothing. Exact on every target. Positions are 32-bit: n is at most 2^32 - 1.

#include <cstddef>
#include <cstdint>

namespace kairank {

size_t scanAboveScalar(const float* scores, size_t n, float threshold, uint32_t* out);
size_t scanAboveNeon(const float* scores, size_t n, float threshold, uint32_t* out);
size_t scanAboveAvx2(const float* scores, size_t n, float threshold, uint32_t* out);
size_t scanAboveAvx512(const float* scores, size_t n, float threshold, uint32_t* out);

}  // namespace kairank
