#pragma once
// Which ef reaches which recall: measured on queries that were really asked, or, while there are too few, on vectors
// between neighbours in the index.

#include <cstdint>
#include <mutex>
#include <vector>

namespace kairank {

struct CalibrationPoint {
  uint32_t ef;
  float recall;  // of the 10 best, against exact search
};

class Calibration {
 public:
  static constexpr size_t kQueries = 96;  // measured on
  static constexpr size_t kReservoir = 256;

  /// Remembers a query, by reservoir sampling (Vitter 1985); cheap, and lossy under contention.
  void sample(const float* query, uint32_t dim);

  /// Up to kQueries remembered queries, n x dim.
  std::vector<float> sampled(uint32_t dim) const;

  /// What was measured last; empty before. `changes` counts what happened to the index since it was made.
  std::vector<CalibrationPoint> points(uint64_t& changes) const;
  void set(std::vector<CalibrationPoint> points, uint64_t changes);

  /// Held while somebody measures.
  std::mutex& measuring() { return measuring_; }

 private:
  std::mutex measuring_;
  mutable std::mutex mutex_;
  std::vector<float> reservoir_;
  uint64_t seen_ = 0;
  std::vector<CalibrationPoint> points_;
  uint64_t changes_ = 0;
};

/// The smallest ef that reaches a recall, between measured ones by straight lines; the largest one measured when none
/// does.
uint32_t efForRecall(const std::vector<CalibrationPoint>& points, float recall);

}  // namespace kairank
