#pragma once
// What shoppers did lately with each item. Counts fade as newer events come: an event counts half after kHalfLife more
// of them. Written by whoever adds events, read by requests, without locks.

#include <atomic>
#include <cstdint>

#include "../include/events.h"
#include "chunked.h"

namespace kairank {

class ItemStatistics {
 public:
  /// Events after which one counts half; more where the catalogue is large, so that items have time to be seen.
  static constexpr double kLeastHalfLife = 500;
  static constexpr double kMostHalfLife = 200000;
  static constexpr double kHalfLifePerRow = 2;

  /// Counts the positive events among these, of a catalogue of `rows`.
  void note(const HistoryEvent* events, size_t count, uint32_t rows);

  /// Counts what became of an item that a shopper chose from a list: 1 or 0, where `expected` (0 to 1) was foretold.
  void chosen(uint32_t row, float expected, float taken);

  /// The counts as of now, for as long as a request asks of its candidates.
  struct Moment {
    uint32_t stamp;
    double halfLife;
    double total;  // weight of all events
    double prior;  // weight of one
  };
  Moment now() const;

  /// Log of how much oftener an item is taken up lately than its share (0 to 1) of all events would have it; shrunk to
  /// 0 where events are few, as the mean of a Gamma posterior of a Poisson rate is.
  float trend(const Moment& moment, uint32_t row, double share) const;

  /// The same of how much oftener it is chosen from lists than was foretold.
  float appeal(const Moment& moment, uint32_t row) const;

 private:
  /// A fading count and when it was last true, in one word: readers see both or neither.
  using Fading = std::atomic<uint64_t>;

  void add(Fading& fading, double amount);

  ChunkedArray<Fading> taken_;  // by row: weights of positive events
  ChunkedArray<Fading> expected_;
  ChunkedArray<Fading> reached_;
  Fading total_{0};
  Fading events_{0};
  std::atomic<uint64_t> clock_{0};  // positive events so far
  std::atomic<double> halfLife_{kLeastHalfLife};
};

}  // namespace kairank
