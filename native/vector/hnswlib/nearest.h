#pragma once
// The k nearest of many, kept while they are looked at.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kairank {

struct Hit {
  float distance;
  uint64_t label;
};

/// Whether a comes before b: by distance, then by label; NaN after every number.
inline bool nearer(const Hit& a, const Hit& b) {
  if (a.distance < b.distance) return true;
  if (b.distance < a.distance) return false;
  const bool aIsNan = std::isnan(a.distance);
  if (aIsNan != std::isnan(b.distance)) return !aIsNan;
  return a.label < b.label;
}

class Nearest {
 public:
  explicit Nearest(size_t k) : k_(k) {}

  /// Whether `put` would keep it.
  bool wants(const Hit& hit) const { return heap_.size() < k_ || (k_ > 0 && nearer(hit, heap_.front())); }

  void put(const Hit& hit) {
    if (heap_.size() == k_) {
      std::pop_heap(heap_.begin(), heap_.end(), nearer);
      heap_.back() = hit;
    } else {
      heap_.push_back(hit);
    }
    std::push_heap(heap_.begin(), heap_.end(), nearer);
  }

  /// Nearest first.
  std::vector<Hit> take() {
    std::sort_heap(heap_.begin(), heap_.end(), nearer);
    return std::move(heap_);
  }

 private:
  size_t k_;
  std::vector<Hit> heap_;  // the farthest on top
};

/// Says which labels a search may return. What it throws ends the search and reaches the caller.
class LabelFilter {
 public:
  virtual ~LabelFilter() = default;
  virtual bool accepts(uint64_t label) = 0;
};

}  // namespace kairank
