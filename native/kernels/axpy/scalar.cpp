#include "axpy.h"

namespace kairank {

void axpyF32Scalar(float alpha, const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] += alpha * x[i];
}

}  // namespace kairank
