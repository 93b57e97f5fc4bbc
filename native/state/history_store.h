#pragma once
// Histories of every user, in time order. Readers never lock; writers lock one of a few stripes. An event costs the 24
// bytes of HistoryEvent and a share of its block's head.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "../include/events.h"
#include "chunked.h"

namespace kairank {

class HistoryStore {
 public:
  HistoryStore() = default;
  ~HistoryStore();
  HistoryStore(const HistoryStore&) = delete;
  HistoryStore& operator=(const HistoryStore&) = delete;

  /// Adds events of one user, sorted by time. Events older than the user's last find their place; equal times keep
  /// the order of arrival.
  void append(uint32_t user, const HistoryEvent* events, size_t count);

  /// Events of a user; 0 for one that has none.
  uint64_t count(uint32_t user) const;

  /// Replaces `out` by the last `limit` events, oldest first; returns how many. A reader sees each call of `append`
  /// block by block: events that it shows are complete and in order.
  size_t read(uint32_t user, size_t limit, std::vector<HistoryEvent>& out) const;

  /// Events of every user below `users`, as they stand.
  Histories exportAll(uint32_t users) const;

  uint64_t events() const { return events_.load(std::memory_order_relaxed); }

  /// Sum of the positive weights of each row's events, rows 0 .. rows - 1.
  std::vector<float> popularity(uint32_t rows) const;

 private:
  struct Block;

  static Block* newBlock(uint32_t capacity, Block* previous);
  static void deleteBlock(void* block);
  static void retireBlock(Block* block);
  static size_t copyLast(const Block* head, uint32_t headCount, size_t limit, HistoryEvent* out);

  void appendSorted(std::atomic<Block*>& newest, const HistoryEvent* events, size_t count);
  void insertLate(std::atomic<Block*>& newest, const HistoryEvent* events, size_t count);
  void countWeights(const HistoryEvent* events, size_t count);

  static constexpr size_t kStripes = 64;

  ChunkedArray<std::atomic<Block*>> newest_;  // by user
  std::atomic<uint32_t> users_{0};            // one beyond the last user with a history
  ChunkedArray<std::atomic<double>> positive_;
  std::atomic<uint64_t> events_{0};
  std::array<std::mutex, kStripes> stripes_;
};

}  // namespace kairank
