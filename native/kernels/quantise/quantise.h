#pragma once
// Conversions between f32 and the narrow types. Every target gives the same bits, so a stored vector does not depend
// on the machine that wrote it.
//
// toBf16    rounds to nearest, ties to even; what is too large becomes an infinity; a denormal becomes zero of its
//           sign; NaN stays NaN (made quiet, its sign kept). Relative error at most 2^-8 of a normal number.
// fromBf16  exact, but a denormal becomes zero of its sign, as the bf16 dot products have it.
// toI8      scale = max |in| / 127, out = in * (127 / max |in|) rounded to nearest, ties to even: the error of an
//           element is at most 0.5001 * scale. NaN counts as 0, an infinity as the largest finite number of its sign.
//           A row with no magnitude above 2^-119 becomes zeros with scale 0.
//
// Input and output may lie at any address but must not overlap.

#include <cstddef>
#include <cstdint>

namespace kairank {

#define KAIRANK_DECLARE_QUANTISE(target)                           \
  void toBf16##target(const float* in, uint16_t* out, size_t n);   \
  void fromBf16##target(const uint16_t* in, float* out, size_t n); \
  float toI8##target(const float* in, int8_t* out, size_t n);

KAIRANK_DECLARE_QUANTISE(Scalar)
KAIRANK_DECLARE_QUANTISE(Neon)
KAIRANK_DECLARE_QUANTISE(Avx2)
KAIRANK_DECLARE_QUANTISE(Avx512)

#undef KAIRANK_DECLARE_QUANTISE

/// A row whose largest magnitude is not above this has no normal scale: it is quantised to zeros.
constexpr float kI8Smallest = 0x1p-119f;

}  // namespace kairank
