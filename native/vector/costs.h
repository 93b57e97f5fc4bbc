#pragma once
// What searching costs on this machine, as measured while searching: an index that is asked to choose compares what an
// exact scan of the eligible rows and a walk of the graph would take, and takes the cheaper one.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kairank {

/// A mean that forgets. Threads may lose each other's news, which does no harm.
class Running {
 public:
  void add(double value) {
    const double old = mean_.load(std::memory_order_relaxed);
    mean_.store(old == 0 ? value : old + (value - old) * kShare, std::memory_order_relaxed);
  }
  double mean() const { return mean_.load(std::memory_order_relaxed); }
  bool known() const { return mean() > 0; }

 private:
  static constexpr double kShare = .1;
  std::atomic<double> mean_{0};
};

class Costs {
 public:
  static constexpr size_t kFewRows = 256;  // a shorter scan measures the clock

  /// An exact scan of `rows` eligible rows for `queries` queries took so long. Sparse: they lay among many others.
  void scanned(size_t rows, size_t queries, bool sparse, double nanos);
  /// A walk that keeps `ef` rows scored so many rows and took so long.
  void walked(uint32_t ef, size_t scored, double nanos);

  /// Nanoseconds that a query is expected to take; 0 when nothing like it was measured.
  double scan(size_t rows, size_t queries, bool sparse) const;
  double walk(uint32_t ef) const;
  /// Rows that a walk may score in so much time; SIZE_MAX when unknown.
  size_t budget(double nanos) const;
  bool known() const { return nanosARow_[0].known() && nanosAScore_.known(); }

 private:
  static constexpr size_t kSizes = 4;  // of batches: 1, to 4, to 16, more
  static constexpr size_t kEfs = 21;   // by log2

  static size_t sizeOf(size_t queries);

  std::array<Running, kSizes> nanosARow_;
  Running nanosASparseRow_;
  Running nanosAScore_;
  std::array<Running, kEfs> scoredByEf_;
};

}  // namespace kairank
