#pragma once
// Dropout (Srivastava et al. 2014), scaled while training so that serving does nothing.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../../include/random.h"

namespace kairank {

/// Drops entries of x with probability `rate` (to 16 bits) and scales the rest. `kept` remembers which; empty for a
/// rate of 0.
template <typename T>
void dropoutForward(T* x, size_t n, double rate, Random& random, std::vector<uint8_t>& kept) {
  kept.clear();
  if (!(rate > 0)) return;
  kept.resize(n);
  const uint32_t limit = static_cast<uint32_t>(rate * 65536);
  const T scale = static_cast<T>(65536.0 / (65536 - limit));
  uint64_t bits = 0;
  for (size_t i = 0; i < n; i++, bits >>= 16) {
    if (i % 4 == 0) bits = random.next();
    kept[i] = (bits & 0xFFFF) >= limit;
    x[i] = kept[i] ? x[i] * scale : T(0);
  }
}

template <typename T>
void dropoutBackward(T* dx, size_t n, double rate, const std::vector<uint8_t>& kept) {
  if (kept.empty()) return;
  const T scale = static_cast<T>(65536.0 / (65536 - static_cast<uint32_t>(rate * 65536)));
  for (size_t i = 0; i < n; i++) dx[i] = kept[i] ? dx[i] * scale : T(0);
}

}  // namespace kairank
