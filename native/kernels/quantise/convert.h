#pragma once
// One value between f32 and bf16: what quantise.h states, for kernels that convert as they go.

#include <cstdint>
#include <cstring>

namespace kairank {

inline uint16_t bf16Of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);  // NaN, made quiet
  if (magnitude < 0x00800000u) return static_cast<uint16_t>((bits >> 16) & 0x8000u);
  return static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

inline float floatOf(uint16_t value) {
  const uint32_t kept = (value & 0x7F80u) == 0 ? value & 0x8000u : value;
  const uint32_t bits = kept << 16;
  float out;
  std::memcpy(&out, &bits, 4);
  return out;
}

}  // namespace kairank
