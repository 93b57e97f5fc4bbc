#include "embeddings.h"

#include <algorithm>
#include <limits>

#include "../dispatch/dispatch.h"
#include "../include/bits.h"
#include "../kernels/topk/topk.h"
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

void scoreWhole(const float* query, const float* embeddings, uint32_t items, uint32_t dim, const uint64_t* allowed,
                uint32_t wanted, std::vector<float>& scores, std::vector<uint32_t>& rows, TopRows& top) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  scores.resize(items);
  kernels().dotF32(query, embeddings, dim, items, dim, scores.data());
  for (uint32_t first = 0; first < items; first += 64) {
    const uint32_t count = std::min(64u, items - first);
    const uint64_t all = count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
    for (uint64_t never = ~allowed[first / 64] & all; never != 0; never &= never - 1) {
      scores[first + lowestBit(never)] = kNever;
    }
  }
  rows.resize(std::min(items, wanted));
  const size_t found = selectTop(kernels(), scores.data(), items, wanted, rows.data(), nullptr);
  for (size_t i = 0; i < found && scores[rows[i]] > kNever; i++) top.offer(scores[rows[i]], rows[i]);
}

}  // namespace kairank
