#pragma once
// The k best of many scores: scores above a growing threshold go to a buffer of about 2k, which is cut back to the
// best k when it is full (the threshold then is the k-th best so far). On scores in random order about
// k log2(n / k) of them ever reach the buffer.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../table.h"

namespace kairank {

/// Collects the k best of scores that come block by block. Order: score descending, -0 equals 0; ties by row
/// ascending, if the blocks come in ascending order of rows; NaN after every number.
class TopK {
 public:
  TopK(const KernelTable& table, size_t k);

  /// Offers scores of the rows firstRow, firstRow + 1, ...; blocks come in ascending order of rows.
  void push(const float* scores, size_t n, uint32_t firstRow);

  /// Writes the best, min(k, offered) of them, to rows and, unless null, to scores; returns how many. The collector
  /// is empty after.
  size_t finish(uint32_t* rows, float* scores);

 private:
  void pushBlock(const float* scores, size_t n, uint32_t firstRow);
  void keepLeftovers(const float* scores, size_t n, uint32_t firstRow);
  void cut();

  const KernelTable& table_;
  size_t k_;
  float threshold_;
  size_t offered_ = 0;
  std::vector<uint64_t> best_;     // ordered score above, complement of the row below: larger is better
  std::vector<uint32_t> lowest_;   // rows at minus infinity, needed only while best_ has fewer than k
  std::vector<uint32_t> nan_;      // rows whose score is NaN, likewise
  std::vector<uint32_t> scanned_;  // room for one block of positions
};

/// The positions of the k best of n scores, best first, and unless outScores is null their scores; both have room for
/// min(k, n), which is returned. Ties by position, NaN last.
size_t selectTop(const KernelTable& table, const float* scores, size_t n, size_t k, uint32_t* rows, float* outScores);

}  // namespace kairank
