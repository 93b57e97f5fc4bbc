#pragma once
// How the bf16 instructions see their operands: denormals are zero on the way in and on the way out.

#include <cmath>
#include <cstdint>
#include <cstring>

namespace kairank {
namespace emulated {

inline float flush(float value) { return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value) : value; }

inline float bf16Operand(uint16_t value) {
  const uint32_t bits = static_cast<uint32_t>(value) << 16;
  float exact;
  std::memcpy(&exact, &bits, 4);
  return flush(exact);
}

}  // namespace emulated
}  // namespace kairank
