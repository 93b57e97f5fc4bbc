#pragma once
// Constants of the attention kernels. 2^f for f in [-0.5, 0.5] is 1 + f (c1 + f (c2 + ...)): the minimax polynomial of
// degree 5 for the relative error with the constant term held at 1, so that the largest score has a weight of exactly 1
// before normalisation. Wrong by at most 1.6e-7 of itself in f32.

#include <limits>

namespace kairank {

constexpr float kLog2E = 1.44269504088896340736f;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

constexpr float kExp2C1 = 0.6931469775959088f;
constexpr float kExp2C2 = 0.2402224208032264f;
constexpr float kExp2C3 = 0.05550733745843067f;
constexpr float kExp2C4 = 0.009671512966751004f;
constexpr float kExp2C5 = 0.0013264727374751363f;
/// From this power of two down a weight is 0: there the bits of the exponent and of the fraction both come out as 0.
/// Between it and -126 a weight is less than the smallest normal f32.
constexpr float kExp2Least = -127.0f;

}  // namespace kairank
