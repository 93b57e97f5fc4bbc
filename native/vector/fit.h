#pragma once
// Which vectors an index can take.

#include <cstddef>
#include <cstdint>

namespace kairank {

/// What is expected of vectors and queries, in words.
constexpr const char* kFitVector = "finite numbers, of a norm of at most 1e15";

/// The first of `count` vectors (count x dim) that has a number that is not finite, or a norm whose square is too large
/// for products in f32 to stay finite; `count` when all of them will do.
size_t firstUnfit(const float* vectors, size_t count, uint32_t dim);

}  // namespace kairank
