#include "gram.h"

namespace kairank {

void gramF32Scalar(const float* x, size_t stride, const float* w, size_t count, size_t dim, float* a, size_t lda) {
  for (size_t i = 0; i < count; ++i) {
    const float* row = x + i * stride;
    for (size_t r = 0; r < dim; ++r) {
      const float scaled = w == nullptr ? row[r] : w[i] * row[r];
      float* into = a + r * lda;
      for (size_t c = 0; c <= r; ++c) into[c] += scaled * row[c];
    }
  }
}

}  // namespace kairank
