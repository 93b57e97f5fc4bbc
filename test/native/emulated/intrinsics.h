#pragma once
// AVX-512 without the CPU: SIMDe's portable implementations under the names of the intrinsics, and our own of what it
// lacks or takes less strictly.

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

#include "bf16.h"

namespace kairank {
namespace emulated {

/// VDPBF16PS: the odd products first, then the even ones, denormals zero throughout.
inline simde__m512 dotPairs(simde__m512 sum, simde__m512bh a, simde__m512bh b) {
  float sums[16];
  uint16_t x[32];
  uint16_t y[32];
  std::memcpy(sums, &sum, sizeof sums);
  std::memcpy(x, &a, sizeof x);
  std::memcpy(y, &b, sizeof y);
  for (size_t i = 0; i < 16; ++i) {
    const float odd = flush(std::fma(bf16Operand(x[2 * i + 1]), bf16Operand(y[2 * i + 1]), flush(sums[i])));
    sums[i] = flush(std::fma(bf16Operand(x[2 * i]), bf16Operand(y[2 * i]), odd));
  }
  std::memcpy(&sum, sums, sizeof sums);
  return sum;
}

}  // namespace emulated
}  // namespace kairank

#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps(sum, a, b) kairank::emulated::dotPairs(sum, a, b)
