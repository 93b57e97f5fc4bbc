#include <cmath>
#include <limits>

#include "softmax.h"

namespace kairank {

double softmaxF32Scalar(float* x, size_t n, float* largest) {
  float most = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < n; ++i) most = x[i] > most ? x[i] : most;
  *largest = most;
  double total = 0;
  for (size_t i = 0; i < n; ++i) {
    x[i] = std::exp(x[i] - most);
    total += x[i];
  }
  return total;
}

}  // namespace kairank
