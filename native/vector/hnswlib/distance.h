#pragma once
// Distances as hnswlib has them, in exact f32: lower is nearer.

#include <cstddef>
#include <cstdint>

#include "../../kernels/table.h"

namespace kairank {

/// l2: squared Euclidean distance. ip: 1 - inner product. cosine: the same, of points brought to length 1.
enum class Space { l2, ip, cosine };

class Distance {
 public:
  Distance(Space space, size_t dim);

  Space space() const { return space_; }
  size_t dim() const { return dim_; }

  /// Makes a point or a query ready to be compared: cosine divides it by its length. Zeros stay zeros.
  void prepare(float* point) const;

  float between(const float* a, const float* b) const {
    float out;
    among(a, b, 1, &out);
    return out;
  }

  /// out[i] = distance of the query from row i of `count` dense rows. Equal rows may differ in the last digit where
  /// `count` is no multiple of 4 (native/kernels/dot): kernels take rows in fours, and what is left over otherwise.
  void among(const float* query, const float* rows, size_t count, float* out) const;

 private:
  Space space_;
  size_t dim_;
  const KernelTable* table_;
};

}  // namespace kairank
