#pragma once
// Embeddings of items as a source: the rows nearest to a shopper's own vector, by exact search of an index. Factors and
// the sequence model both recall this way.

#include <memory>
#include <vector>

#include "../include/top.h"
#include "../vector/predicate.h"

namespace kairank {

class VectorIndex;

/// An index of embeddings (items x dim, row-major) by inner product, in which the row of an item is its own.
std::shared_ptr<const VectorIndex> indexEmbeddings(const float* embeddings, uint32_t items, uint32_t dim);

/// Offers the best `wanted[q]` rows that pass predicates[q] to *tops[q], for `count` queries (count x dim, dense). The
/// catalogue is read once for all queries.
void recallEmbeddings(const VectorIndex& index, const float* queries, size_t count, const uint32_t* wanted,
                      RowPredicate* const* predicates, TopRows* const* tops);

}  // namespace kairank
