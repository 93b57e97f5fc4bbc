#pragma once
// Factors as a source: the rows nearest to the shopper's own factors, by an exact scan.

#include <vector>

#include "../dispatch/dispatch.h"
#include "../state/models.h"
#include "top.h"

namespace kairank {

struct FactorsScratch {
  std::vector<float> block;         // queries x kScanBlock
  std::vector<uint32_t> positions;  // kScanBlock
};

constexpr uint32_t kScanBlock = 1024;  // rows whose scores stay in cache between computing and choosing

/// Offers every row below `rows` that has factors and passes `allowed(query, row)` to *tops[query], for `count`
/// queries (count x dim, dense). The catalogue is read once for all queries.
template <typename Allowed>
void scanFactors(const FactorsModel& model, const float* queries, size_t count, uint32_t rows, TopRows* const* tops,
                 FactorsScratch& scratch, const Allowed& allowed) {
  const KernelTable& table = kernels();
  const size_t dim = model.dim;
  scratch.block.resize(count * kScanBlock);
  scratch.positions.resize(kScanBlock);
  for (uint32_t first = 0; first < rows; first += kScanBlock) {
    const uint32_t size = std::min(kScanBlock, rows - first);
    const float* block = model.factors.data() + static_cast<size_t>(first) * dim;
    if (count == 1) {
      table.dotF32(queries, block, dim, size, dim, scratch.block.data());
    } else {
      table.batchF32(queries, dim, count, block, dim, size, dim, scratch.block.data(), kScanBlock);
    }
    for (size_t q = 0; q < count; q++) {
      const float* scores = scratch.block.data() + q * kScanBlock;
      // Rows come in order, so one that only equals the threshold has lost by its row.
      const size_t found = table.scanAbove(scores, size, tops[q]->threshold(), scratch.positions.data());
      for (size_t i = 0; i < found; i++) {
        const uint32_t row = first + scratch.positions[i];
        if (model.has(row) && allowed(q, row)) tops[q]->offer(scores[scratch.positions[i]], row);
      }
    }
  }
}

}  // namespace kairank
