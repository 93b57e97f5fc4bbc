#include "content_map.h"

#include <algorithm>
#include <cmath>

#include "../dispatch/dispatch.h"
#include "cholesky.h"

namespace kairank {

namespace {

constexpr size_t kMostItems = 200000;  // that a map of some thousand numbers is learned from
constexpr size_t kTogether = 1024;     // items whose products are added at a time
constexpr float kRidge = 1;            // as if each axis had been seen once, at zero

}  // namespace

std::vector<float> mapContent(const ContentModel& content, const FactorsModel& factors) {
  const size_t dim = content.dim;
  std::vector<uint32_t> rows;
  const size_t stride = std::max<size_t>(1, content.items / kMostItems);
  for (size_t row = 0; row < content.items; row += stride) {
    const float* vector = content.vectors.data() + row * dim;
    const bool described = std::any_of(vector, vector + dim, [](float value) { return value != 0; });
    if (described && factors.has(static_cast<uint32_t>(row))) rows.push_back(static_cast<uint32_t>(row));
  }
  if (rows.empty()) return {};
  // The normal equations are the same for every axis of the factors: one decomposition serves all.
  std::vector<float> gram(dim * dim, 0.0f);
  std::vector<float> right(factors.dim * dim, 0.0f);
  const std::vector<float> ones(kTogether, 1.0f);
  std::vector<float> vectors;
  std::vector<float> wanted;
  for (size_t first = 0; first < rows.size(); first += kTogether) {
    const size_t count = std::min(kTogether, rows.size() - first);
    vectors.clear();
    wanted.clear();
    for (size_t i = first; i < first + count; i++) {
      const float* vector = content.vectors.data() + static_cast<size_t>(rows[i]) * dim;
      const float* target = factors.factors.data() + static_cast<size_t>(rows[i]) * factors.dim;
      vectors.insert(vectors.end(), vector, vector + dim);
      wanted.insert(wanted.end(), target, target + factors.dim);
    }
    kernels().gramF32(vectors.data(), dim, ones.data(), count, dim, gram.data(), dim);
    kernels().gemmF32({wanted.data(), factors.dim, true, vectors.data(), dim, false, right.data(), dim, factors.dim,
                       dim, count, true});
  }
  for (size_t d = 0; d < dim; d++) gram[d * dim + d] += kRidge;
  std::vector<float> column(dim);
  cholesky(gram.data(), dim, column.data());
  for (size_t axis = 0; axis < factors.dim; axis++) solveCholesky(gram.data(), dim, right.data() + axis * dim);
  return right;
}

}  // namespace kairank
