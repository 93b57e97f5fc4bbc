#pragma once
// Popularity as a source: what everybody wants, for shoppers nobody knows and lists that came out short.

#include "../include/top.h"
#include "../state/candidates.h"

namespace kairank {

/// Adds allowed rows that are not in `taken` yet by popularity, then by row: up to `wanted` candidates from the
/// popular list, and from all of the first `rows` rows where there are fewer than `needed`.
template <typename Allowed>
void fillByPopularity(const ModelSet& models, uint32_t rows, size_t wanted, size_t needed, const Allowed& allowed,
                      RowSet& taken, TopRows& top, Candidates& candidates) {
  for (size_t i = 0; i < models.counts->popular.size() && candidates.rows.size() < wanted; i++) {
    const uint32_t row = models.counts->popular[i];
    if (allowed(row) && taken.add(row)) candidates.add(row);
  }
  if (candidates.rows.size() >= needed) return;
  top.reset(needed - candidates.rows.size());
  for (uint32_t row = 0; row < rows; row++) {
    const float count = row < models.items ? models.counts->popularity[row] : 0;
    if (count >= top.threshold() && allowed(row) && !taken.has(row)) top.offer(count, row);
  }
  for (const ScoredRow& scored : top.sorted()) {
    taken.add(scored.row);
    candidates.add(scored.row);
  }
}

}  // namespace kairank
