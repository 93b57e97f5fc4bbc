#pragma once
// Bits of a mask, for any compiler.

#include <cstdint>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace kairank {

/// Index of the lowest bit set; the mask is not 0.
inline uint32_t lowestBit(uint64_t mask) {
#if defined(_MSC_VER) && !defined(__clang__)
  unsigned long index;
  _BitScanForward64(&index, mask);
  return index;
#else
  return static_cast<uint32_t>(__builtin_ctzll(mask));
#endif
}

}  // namespace kairank
