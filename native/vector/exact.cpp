#include "exact.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../include/bits.h"

namespace kairank {

namespace {

constexpr uint32_t kBlock = 256;  // rows scored before the best of them are picked
constexpr uint32_t kWords = kBlock / 64;
constexpr uint32_t kStride = kBlock + 16;  // of scores: a power of two would put all queries into one set of the cache
constexpr uint32_t kSparse = 64;           // a block with fewer eligible rows is read row by row
constexpr size_t kMostPossible = 4096;
constexpr uint32_t kFewRows = 96;         // rows a wanted one, up to which vectors are scored at once
constexpr uint32_t kAsked = 16 * kBlock;  // rows that are asked for together where they may be on the disk

}  // namespace

uint64_t Eligible::word(uint32_t index) const {
  uint64_t bits = live->word(index);
  if (filter) bits &= index < (filterRows + 63) / 64 ? filter[index].load(std::memory_order_relaxed) : 0;
  const uint32_t first = index * 64;
  if (rows - first < 64) bits &= (uint64_t{1} << (rows - first)) - 1;
  return bits;
}

void ExactSearch::Query::reset(const RowStore& store, const PreparedQuery& query, uint32_t k, bool byVector) {
  prepared = &query;
  if (byVector) {
    // The order of a sum depends on the rows beside it: what two orders may differ by (kernels/dot/dot.h).
    const float rounding = (static_cast<float>(store.settings().dim) / 8 + 8) * 0x1p-23f;
    bound = {0, rounding * std::sqrt(query.squaredNorm) * store.largestNorm()};
  } else {
    code.encode(store.layout8(), kernels(), query.vector.data());
    bound = store.bound(query, code);
  }
  lower.reset(k);
  best.reset(k);
  possible.clear();
  threshold = -std::numeric_limits<float>::infinity();
}

void ExactSearch::dropImpossible(Query& query) {
  const float least = query.threshold;
  const auto out = std::remove_if(query.possible.begin(), query.possible.end(),
                                  [least](const ScoredRow& one) { return one.score < least; });
  query.possible.erase(out, query.possible.end());
}

/// Scores by vector what is possible, the most promising first, until nothing left can be among the best.
void ExactSearch::settle(const RowStore& store, Query& query, uint32_t k) {
  std::vector<ScoredRow>& possible = query.possible;
  query.lower.tighten();
  query.threshold = std::max(query.threshold, query.lower.threshold());
  dropImpossible(query);
  std::sort(possible.begin(), possible.end(), better);
  vector_.resize(store.settings().dim);
  constexpr size_t kAhead = 4;
  const bool l2 = store.settings().metric == Metric::l2;
  for (size_t i = 0; i < possible.size(); i++) {
    if (cold_ && i % k == 0) {
      const size_t most = std::min(possible.size(), i + size_t{k} + kAhead);
      for (size_t next = i; next < most; next++) cold_->want(ColdPart::vectors, possible[next].row);
    }
    if (i + kAhead < possible.size()) store.prefetchExact(possible[i + kAhead].row);
    const float reach = l2 ? 2 * possible[i].score - query.prepared->squaredNorm : possible[i].score;
    // The bound of a distance is a difference of large numbers: it keeps what f32 may have lost of them.
    const float slack = l2 ? 1e-5f * (query.prepared->squaredNorm + std::fabs(possible[i].score)) : 0;
    if (reach + slack < query.best.threshold()) break;
    query.best.offer(store.exact(*query.prepared, possible[i].row, vector_.data()), possible[i].row);
    if (i % k == k - 1) query.best.tighten();
  }
  possible.clear();
}

void ExactSearch::offer(const RowStore& store, Query& query, uint32_t row, float upper, float scale, uint32_t k) {
  if (query.predicate && !query.predicate->accepts(row)) return;
  const float error = query.bound.perScale * scale + query.bound.constant;
  query.lower.offer(upper - 2 * error, row);
  query.possible.push_back({upper, row});
  if (query.possible.size() % k == 0) query.lower.tighten();
  query.threshold = query.lower.threshold();
  if (query.possible.size() < std::max<size_t>(kMostPossible, 8 * static_cast<size_t>(k))) return;
  dropImpossible(query);
  if (query.possible.size() > kMostPossible / 2 + 4 * static_cast<size_t>(k)) settle(store, query, k);
}

void ExactSearch::scanRun(const RowStore& store, uint32_t first, uint32_t rows, size_t count, uint32_t k) {
  const CodeLayout& layout = store.layout8();
  const KernelTable& table = kernels();
  const int8_t* codes = reinterpret_cast<const int8_t*>(store.code8(first));
  if (count == 1) {
    table.dotI8(queries_[0].code.lanes(), codes, layout.stride, rows, layout.dim, products_.data());
  } else {
    table.batchI8(lanes_.data(), layout.dim, count, codes, layout.stride, rows, layout.dim, products_.data(), kStride);
  }
  for (uint32_t i = 0; i < rows; i++) {
    const CodeTrailer trailer = trailerOf(layout, store.code8(first + i));
    scales_[i] = trailer.scale;
    biases_[i] = trailer.bias;
  }
  for (size_t q = 0; q < count; q++) {
    Query& query = queries_[q];
    const int32_t* products = products_.data() + q * kStride;
    const float scale = query.code.view().scale, perScale = query.bound.perScale, constant = query.bound.constant;
    for (uint32_t i = 0; i < rows; i++) {
      upper_[i] = scales_[i] * (scale * static_cast<float>(products[i]) + perScale) + (biases_[i] + constant);
    }
    const size_t found = scanAbove(query.threshold, rows);
    for (size_t i = 0; i < found; i++) {
      const uint32_t at = positions_[i];
      if (upper_[at] >= query.threshold) offer(store, query, first + at, upper_[at], scales_[at], k);
    }
  }
}

/// Positions in upper_ that reach the threshold, to positions_.
size_t ExactSearch::scanAbove(float threshold, uint32_t rows) {
  const float below = std::nextafter(threshold, -std::numeric_limits<float>::infinity());
  return kernels().scanAbove(upper_.data(), rows, below, positions_.data());
}

/// Raises the threshold to what k rows reach, and drops what does not reach it.
void ExactSearch::cutByVector(Query& query, uint32_t k) {
  if (query.possible.size() <= k) return;
  std::nth_element(query.possible.begin(), query.possible.begin() + (k - 1), query.possible.end(), better);
  query.threshold = std::max(query.threshold, query.possible[k - 1].score - 2 * query.bound.constant);
  dropImpossible(query);
}

/// Scores what is possible once more, each row by itself: its score then depends on nothing beside it.
void ExactSearch::settleByVector(const RowStore& store, Query& query) {
  for (const ScoredRow& row : query.possible) {
    query.best.offer(store.exact(*query.prepared, row.row, vector_.data()), row.row);
  }
  query.possible.clear();
}

void ExactSearch::scanVectors(const RowStore& store, uint32_t first, uint32_t rows, size_t count, uint32_t k) {
  const uint32_t dim = store.settings().dim;
  const float* vectors = reinterpret_cast<const float*>(store.vectorData() + first * store.vectorStride());
  for (size_t q = 0; q < count; q++) {
    Query& query = queries_[q];
    kernels().dotF32(query.prepared->vector.data(), vectors, dim, rows, dim, upper_.data());
    for (uint32_t i = 0; i < rows; i++) upper_[i] += query.bound.constant;
    const size_t found = scanAbove(query.threshold, rows);
    for (size_t i = 0; i < found; i++) {
      const uint32_t row = first + positions_[i];
      if (query.predicate && !query.predicate->accepts(row)) continue;
      query.possible.push_back({upper_[positions_[i]], row});
    }
    if (query.possible.size() >= 2 * static_cast<size_t>(k)) cutByVector(query, k);
    // Only rows that are alike stay in such numbers.
    if (query.possible.size() > kMostPossible + 8 * static_cast<size_t>(k)) settleByVector(store, query);
  }
}

void ExactSearch::scanSparse(const RowStore& store, uint32_t first, const uint64_t* words, size_t count, uint32_t k) {
  const CodeLayout& layout = store.layout8();
  rows_.clear();
  for (uint32_t w = 0; w < kWords; w++) {
    for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
      rows_.push_back(first + w * 64 + lowestBit(bits));
    }
  }
  for (size_t q = 0; q < count; q++) {
    Query& query = queries_[q];
    kernels().gatherI8(query.code.view(), store.codes8(), layout.stride, layout.trailer, rows_.data(), rows_.size(),
                       upper_.data());
    for (size_t i = 0; i < rows_.size(); i++) {
      const float scale = trailerOf(layout, store.code8(rows_[i])).scale;
      const float upper = upper_[i] + query.bound.perScale * scale + query.bound.constant;
      if (upper >= query.threshold) offer(store, query, rows_[i], upper, scale, k);
    }
  }
}

/// A block is read in runs of eligible rows: the others may be written at this moment.
void ExactSearch::scanBlock(const RowStore& store, uint32_t first, const uint64_t* words, uint32_t rows, size_t count,
                            uint32_t k) {
  uint32_t eligible = 0;
  for (uint32_t w = 0; w < kWords; w++) eligible += popcount64(words[w]);
  if (eligible == 0) return;
  const auto scan = byVector_ ? &ExactSearch::scanVectors : &ExactSearch::scanRun;
  if (eligible == rows) {
    (this->*scan)(store, first, rows, count, k);
    return;
  }
  if (!byVector_ && (eligible < kSparse || count == 1)) {
    scanSparse(store, first, words, count, k);
    return;
  }
  for (uint32_t i = 0; i < rows;) {
    const auto has = [words](uint32_t at) { return (words[at >> 6] >> (at & 63)) & 1; };
    while (i < rows && !has(i)) i++;
    const uint32_t begin = i;
    while (i < rows && has(i)) i++;
    if (i > begin) (this->*scan)(store, first + begin, i - begin, count, k);
  }
}

/// Asks for the codes of eligible rows among the kAsked from `first` on.
void ExactSearch::askAhead(const Eligible& eligible, uint32_t first) const {
  for (uint32_t word = first / 64; word < (first + kAsked) / 64 && word * 64 < eligible.rows; word++) {
    if (eligible.word(word) != 0) cold_->wantRange(ColdPart::codes8, word * 64, word * 64 + 64);
  }
}

void ExactSearch::run(const RowStore& store, const Eligible& eligible, const PreparedQuery* const* queries,
                      size_t count, uint32_t k, RowPredicate* const* predicates, const Interrupt& interrupt,
                      std::vector<ScoredRow>* results) {
  const uint32_t dim = store.settings().dim;
  cold_ = eligible.cold;
  if (queries_.size() < count) queries_.resize(count);
  const IndexSettings& settings = store.settings();
  byVector_ =
      settings.storage == Storage::f32 && settings.metric != Metric::l2 && !cold_ && eligible.rows / kFewRows <= k;
  lanes_.resize(count * dim);
  products_.resize(count * kStride);
  scales_.resize(kBlock);
  biases_.resize(kBlock);
  upper_.resize(kBlock + 4);
  positions_.resize(kBlock);
  for (size_t q = 0; q < count; q++) {
    queries_[q].reset(store, *queries[q], k, byVector_);
    queries_[q].predicate = predicates ? predicates[q] : nullptr;
    if (!byVector_) std::memcpy(lanes_.data() + q * dim, queries_[q].code.lanes(), dim);
  }
  uint64_t words[kWords];
  for (uint32_t first = 0; first < eligible.rows; first += kBlock) {
    if (first % kAsked == 0) interrupt.check();
    if (cold_ && first % kAsked == 0) {
      if (first == 0) askAhead(eligible, 0);
      askAhead(eligible, first + kAsked);
    }
    const uint32_t rows = std::min(kBlock, eligible.rows - first);
    for (uint32_t w = 0; w < kWords; w++) words[w] = w * 64 < rows ? eligible.word(first / 64 + w) : 0;
    scanBlock(store, first, words, rows, count, k);
  }
  for (size_t q = 0; q < count; q++) {
    if (byVector_) {
      cutByVector(queries_[q], k);
      settleByVector(store, queries_[q]);
    } else {
      settle(store, queries_[q], k);
    }
    results[q] = queries_[q].best.sorted();
  }
}

}  // namespace kairank
