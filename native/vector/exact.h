#pragma once
// Exact search: every eligible row is scored by its 8-bit code, several queries at once, and whatever could be among
// the k best is scored again by its vector. "Could be" is a bound, not a guess: a code's error is at most the product
// of norms that RowStore::bound knows, so that the answer is that of scoring every vector. Where a good part of the
// rows is asked for, codes would rule out too little to be worth reading: vectors are scored at once.

#include <cstdint>
#include <vector>

#include "../include/top.h"
#include "cold.h"
#include "interrupt.h"
#include "predicate.h"
#include "rows.h"

namespace kairank {

/// Which rows may be returned.
struct Eligible {
  uint32_t rows = 0;
  const RowBits* live = nullptr;
  const std::atomic<uint64_t>* filter = nullptr;  // null: every live row
  uint32_t filterRows = 0;
  const ColdPages* cold = nullptr;  // what may still be on the disk: it is asked for before it is read

  /// Bits of rows 64 * index ... : those that count.
  uint64_t word(uint32_t index) const;
};

constexpr size_t kExactBatch = 64;  // queries that read the rows together

class ExactSearch {
 public:
  /// The k best rows for each of `count` queries (at most kExactBatch), best first, to results[i]. `predicates` says of
  /// single rows whether query i may have them; null, or null for a query: all.
  /// @throws what the interrupt says.
  void run(const RowStore& store, const Eligible& eligible, const PreparedQuery* const* queries, size_t count,
           uint32_t k, RowPredicate* const* predicates, const Interrupt& interrupt, std::vector<ScoredRow>* results);

 private:
  struct Query {
    const PreparedQuery* prepared;
    RowPredicate* predicate;
    QueryCode code;
    RowStore::Bound bound;
    TopRows lower;                    // of what rows score at least
    TopRows best;                     // of what was scored by vector
    std::vector<ScoredRow> possible;  // by what they score at the most
    float threshold;                  // k rows are known to reach this

    void reset(const RowStore& store, const PreparedQuery& query, uint32_t k, bool byVector);
  };

  void scanBlock(const RowStore& store, uint32_t first, const uint64_t* words, uint32_t rows, size_t count, uint32_t k);
  void scanRun(const RowStore& store, uint32_t first, uint32_t rows, size_t count, uint32_t k);
  void scanVectors(const RowStore& store, uint32_t first, uint32_t rows, size_t count, uint32_t k);
  size_t scanAbove(float threshold, uint32_t rows);
  void scanSparse(const RowStore& store, uint32_t first, const uint64_t* words, size_t count, uint32_t k);
  void offer(const RowStore& store, Query& query, uint32_t row, float upper, float scale, uint32_t k);
  static void dropImpossible(Query& query);
  static void cutByVector(Query& query, uint32_t k);
  void settleByVector(const RowStore& store, Query& query);
  void settle(const RowStore& store, Query& query, uint32_t k);
  void askAhead(const Eligible& eligible, uint32_t first) const;

  const ColdPages* cold_ = nullptr;
  bool byVector_ = false;  // vectors are read at once, codes not at all
  std::vector<Query> queries_;
  std::vector<int8_t> lanes_;
  std::vector<int32_t> products_;
  std::vector<float> scales_;
  std::vector<float> biases_;
  std::vector<float> upper_;
  std::vector<uint32_t> positions_;
  std::vector<uint32_t> rows_;
  std::vector<float> vector_;
};

}  // namespace kairank
