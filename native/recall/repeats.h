#pragma once
// Repeats as a source: what a shopper had, in shops where people buy the same again.

#include "rules.h"

namespace kairank {

/// out[row] = sum over the positive events of a row of weight x 2^(-age / half-life); ages in days, from the newest
/// event. `out` is reset first, for `rows` rows at the least.
void scoreRepeats(const HistoryEvent* events, size_t count, float halfLife, uint32_t rows, SparseScores& out);

}  // namespace kairank
