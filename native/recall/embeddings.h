#pragma once
// Embeddings of items as a source: the rows nearest to a shopper's own vector, by exact search of an index, or by
// scoring all of a small catalogue. Factors and the sequence model both recall this way.

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

/// Whether so much of the catalogue is wanted that scoring all of it, and keeping the scores, costs less than a search.
inline bool scoredWhole(uint32_t items, size_t wanted) {
  constexpr size_t kMostRowsAWanted = 128;
  return items / kMostRowsAWanted <= wanted;
}

/// scores (items) = the inner product of `query` with every row of `embeddings`, -infinity where bit r of `allowed` is
/// not set; offers the best `wanted` of them to `top`.
void scoreWhole(const float* query, const float* embeddings, uint32_t items, uint32_t dim, const uint64_t* allowed,
                uint32_t wanted, std::vector<float>& scores, std::vector<uint32_t>& rows, TopRows& top);

}  // namespace kairank
