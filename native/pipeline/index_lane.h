#pragma once
// The lane of an index: searches that were asked at the same time read its rows together.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../vector/index.h"
#include "lane.h"

namespace kairank {

constexpr size_t kSearchBatch = kExactBatch;  // searches served together at most
constexpr size_t kSearchShare = 256;  // queries of a group in one turn, for each thread: the rest waits for the next

class IndexLane;

/// One or more queries to an index, with the same options.
class IndexSearch : public Task {
 public:
  std::shared_ptr<IndexLane> target;
  std::vector<float> queries;  // count x dim
  size_t count = 0;
  SearchOptions options;  // its interrupt is the task's own deadline and `cancel`
  uint32_t threads = 1;

  std::vector<SearchHits> hits;  // one a query

  std::shared_ptr<Lane> lane() const override;
  bool finished() const override { return hits.size() == count; }

  size_t left() const { return count - hits.size(); }
};

class IndexLane final : public Lane {
 public:
  IndexLane(std::shared_ptr<const VectorIndex> index, size_t queueLimit)
      : Lane("index", queueLimit, kSearchBatch), index_(std::move(index)) {}

  /// Searches of equal options become one search of several queries. The tasks are IndexSearches.
  void serve(Task* const* tasks, size_t count) override;

 private:
  void search(const std::vector<IndexSearch*>& group) const;

  const std::shared_ptr<const VectorIndex> index_;
};

}  // namespace kairank
