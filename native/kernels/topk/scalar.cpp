#include "scan.h"

namespace kairank {

size_t scanAboveScalar(const float* scores, size_t n, float threshold, uint32_t* out) {
  size_t found = 0;
  for (size_t i = 0; i < n; ++i) {
    if (scores[i] > threshold) out[found++] = static_cast<uint32_t>(i);
  }
  return found;
}

}  // namespace kairank
