#pragma once
// The few bit operations that C++17 has no name for.

#include <cstdint>

#ifdef _MSC_VER
#include <intrin.h>
#endif

namespace kairank {

/// Position of the highest set bit; x must not be 0.
inline uint32_t floorLog2(uint32_t x) {
#ifdef _MSC_VER
  unsigned long position;
  _BitScanReverse(&position, x);
  return position;
#else
  return 31u - static_cast<uint32_t>(__builtin_clz(x));
#endif
}

/// Position of the highest set bit; x must not be 0.
inline uint32_t highestBit(uint64_t x) {
#ifdef _MSC_VER
  unsigned long position;
  _BitScanReverse64(&position, x);
  return position;
#else
  return 63u - static_cast<uint32_t>(__builtin_clzll(x));
#endif
}

/// Position of the lowest set bit; x must not be 0.
inline uint32_t lowestBit(uint64_t x) {
#ifdef _MSC_VER
  unsigned long position;
  _BitScanForward64(&position, x);
  return position;
#else
  return static_cast<uint32_t>(__builtin_ctzll(x));
#endif
}

inline uint32_t popcount64(uint64_t x) {
#ifdef _MSC_VER
  return static_cast<uint32_t>(__popcnt64(x));
#else
  return static_cast<uint32_t>(__builtin_popcountll(x));
#endif
}

}  // namespace kairank
