#pragma once
// Rows of f32 that grow without moving: dense chunks of as many rows as fill about a megabyte.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "distance.h"

namespace kairank {

constexpr uint32_t kScanRows = 64;  // rows whose distances are taken at once

class F32Rows {
 public:
  explicit F32Rows(size_t dim) : dim_(dim) {
    while ((size_t{2} << shift_) * std::max<size_t>(dim, 1) * sizeof(float) <= kChunkBytes) ++shift_;
  }

  const float* row(uint32_t index) const { return chunks_[index >> shift_].get() + (index & (perChunk() - 1)) * dim_; }

  /// Writes a row, making room for it, and for all before it, on first use.
  void put(uint32_t index, const float* values) {
    const size_t chunk = index >> shift_;
    while (chunks_.size() <= chunk) {
      // Zeroed: a block's last rows are read before they are written.
      void* memory = std::calloc(std::max<size_t>(perChunk() * dim_, 1), sizeof(float));
      if (!memory) throw std::bad_alloc();
      chunks_.emplace_back(static_cast<float*>(memory));
    }
    if (dim_ != 0) std::memmove(chunks_[chunk].get() + (index & (perChunk() - 1)) * dim_, values, dim_ * sizeof(float));
  }

  /// Distances of the query from the `count` rows from `first`, a multiple of kScanRows; count <= kScanRows, and
  /// `out` has room for kScanRows. Equal rows get equal distances, bit by bit.
  void distances(const Distance& metric, const float* query, uint32_t first, uint32_t count, float* out) const {
    // Whole fours, see Distance::among: the rows beyond the last lie in the same chunk.
    metric.among(query, row(first), (count + 3) / 4 * 4, out);
  }

  size_t bytes() const { return chunks_.size() * perChunk() * dim_ * sizeof(float); }

 private:
  static constexpr size_t kChunkBytes = size_t{1} << 20;

  size_t perChunk() const { return size_t{1} << shift_; }

  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };

  size_t dim_;
  uint32_t shift_ = 6;  // kScanRows = 2^6 at least
  std::vector<std::unique_ptr<float, Free>> chunks_;
};

}  // namespace kairank
