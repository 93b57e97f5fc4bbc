#include "distance.h"

#include <cmath>

#include "../../dispatch/dispatch.h"

namespace kairank {

Distance::Distance(Space space, size_t dim) : space_(space), dim_(dim), table_(&kernels()) {}

void Distance::prepare(float* point) const {
  if (space_ != Space::cosine) return;
  // In this order and in f32, so that a point has the very bits that hnswlib-node gives it.
  float squares = 0;
  for (size_t k = 0; k < dim_; ++k) squares += point[k] * point[k];
  const float norm = std::sqrt(squares);
  if (!(norm > 0)) return;
  for (size_t k = 0; k < dim_; ++k) point[k] /= norm;
}

void Distance::among(const float* query, const float* rows, size_t count, float* out) const {
  if (space_ == Space::l2) {
    table_->l2F32(query, rows, dim_, count, dim_, out);
    return;
  }
  table_->dotF32(query, rows, dim_, count, dim_, out);
  for (size_t i = 0; i < count; ++i) out[i] = 1 - out[i];
}

}  // namespace kairank
