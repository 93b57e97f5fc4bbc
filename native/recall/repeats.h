#pragma once
// Repeats as a source: what a shopper had, in shops where people buy the same again.

#include "rules.h"

namespace kairank {

/// out[row] = returning[row] x sum over the positive events of a row of weight x 2^(-age / half-life); ages in days,
/// from the newest event. `returning` may be null, and rows beyond it have 1. `out` is reset first, for `rows` rows at
/// the least.
void scoreRepeats(const HistoryEvent* events, size_t count, float halfLife, const std::vector<float>* returning,
                  uint32_t rows, SparseScores& out);

}  // namespace kairank
