#include "l2.h"

namespace kairank {

void l2F32Scalar(const float* query, const float* rows, size_t stride, size_t count, size_t dim, float* out) {
  // Separate sums keep the additions independent, so that the compiler may use the vectors of the baseline.
  constexpr size_t kLanes = 8;
  for (size_t i = 0; i < count; ++i) {
    const float* row = rows + i * stride;
    float lanes[kLanes] = {};
    size_t k = 0;
    for (; k + kLanes <= dim; k += kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        const float difference = query[k + lane] - row[k + lane];
        lanes[lane] += difference * difference;
      }
    }
    for (; k < dim; ++k) {
      const float difference = query[k] - row[k];
      lanes[k % kLanes] += difference * difference;
    }
    out[i] = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
  }
}

}  // namespace kairank
