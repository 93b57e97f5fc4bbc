#pragma once
// A set of ids to search within, as bits over the rows of an index. It follows the ids: a replaced one stays in it, a
// removed one leaves it.

#include <atomic>
#include <cstdint>

#include "costs.h"
#include "memory.h"

namespace kairank {

class Selection {
 public:
  explicit Selection(uint32_t mostRows) { bits_.reserve(mostRows); }

  // The index, under its lock of keys.
  void ensure(uint32_t rows) {
    bits_.ensure(rows);
    rows_.store(rows, std::memory_order_release);
  }
  void add(uint32_t row) {
    if (bits_.has(row)) return;
    bits_.set(row);
    size_.fetch_add(1, std::memory_order_relaxed);
  }
  void drop(uint32_t row) {
    if (row >= rows() || !bits_.has(row)) return;
    bits_.clear(row);
    size_.fetch_sub(1, std::memory_order_relaxed);
  }
  bool has(uint32_t row) const { return row < rows() && bits_.has(row); }

  // Anybody.
  uint32_t size() const { return size_.load(std::memory_order_relaxed); }
  /// Rows beyond are not in the set.
  uint32_t rows() const { return rows_.load(std::memory_order_acquire); }
  const std::atomic<uint64_t>* words() const { return bits_.words().data(); }

  /// Nanoseconds, divided by ef, that a search within this set took by the graph, the scan counted where the walk came
  /// to nothing. How rows that pass lie to those that ask cannot be told from their number: it has to be seen.
  Running& byGraph() const { return byGraph_; }
  /// Counts the searches that may choose.
  uint32_t turn() const { return turns_.fetch_add(1, std::memory_order_relaxed); }

 private:
  RowBits bits_;
  std::atomic<uint32_t> rows_{0};
  std::atomic<uint32_t> size_{0};
  mutable Running byGraph_;
  mutable std::atomic<uint32_t> turns_{0};
};

}  // namespace kairank
