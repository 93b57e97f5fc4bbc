#pragma once
// Factors as a source: the rows nearest to the shopper's own factors, by exact search of an index over the items'.

#include <memory>
#include <vector>

#include "../include/top.h"
#include "../state/models.h"
#include "../vector/predicate.h"

namespace kairank {

/// An index of the items' factors, in which the row of an item is its own.
std::shared_ptr<const VectorIndex> indexFactors(const FactorsModel& model);

/// Offers the best `wanted[q]` rows that pass predicates[q] to *tops[q], for `count` queries (count x dim, dense). The
/// catalogue is read once for all queries.
void recallFactors(const ModelSet& models, const float* queries, size_t count, const uint32_t* wanted,
                   RowPredicate* const* predicates, TopRows* const* tops);

}  // namespace kairank
