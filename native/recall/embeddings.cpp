#include "embeddings.h"

#include <algorithm>

#include "../vector/index.h"

namespace kairank {

std::shared_ptr<const VectorIndex> indexEmbeddings(const float* embeddings, uint32_t items, uint32_t dim) {
  IndexSettings settings;
  settings.dim = dim;
  settings.metric = Metric::dot;
  settings.codes = Codes::int8;
  settings.graph = false;  // exact: an answer does not depend on how a graph grew, and there is nothing to build
  auto index = std::make_shared<VectorIndex>(settings, false);
  KeyList ids;
  ids.numbers.resize(items);
  for (uint32_t row = 0; row < items; row++) ids.numbers[row] = row;
  Control whole;
  index->put(ids, embeddings, 1, whole);
  return index;
}

void recallEmbeddings(const VectorIndex& index, const float* queries, size_t count, const uint32_t* wanted,
                      RowPredicate* const* predicates, TopRows* const* tops) {
  SearchOptions options;
  options.path = SearchPath::exact;
  options.k = *std::max_element(wanted, wanted + count);
  options.predicates = predicates;
  const std::vector<SearchHits> hits = index.search(queries, count, options, 1);
  for (size_t q = 0; q < count; q++) {
    const size_t most = std::min<size_t>(wanted[q], hits[q].rows.size());
    for (size_t i = 0; i < most; i++) tops[q]->offer(hits[q].scores[i], hits[q].rows[i]);
  }
}

}  // namespace kairank
