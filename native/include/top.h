#pragma once
// The best n of a stream of scored rows, ties by row.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace kairank {

struct ScoredRow {
  float score;
  uint32_t row;
};

/// An object, not a function: algorithms inline what they are given.
struct Better {
  bool operator()(const ScoredRow& a, const ScoredRow& b) const {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  }
};
inline constexpr Better better{};

/// Holds twice what is asked for and halves it when full: an offer costs a comparison, most of the time.
class TopRows {
 public:
  void reset(size_t n) {
    n_ = n;
    threshold_ = -std::numeric_limits<float>::infinity();
    rows_.clear();
  }

  /// Nothing below this score can still be among the best; an equal score may, by its row.
  float threshold() const { return threshold_; }

  void offer(float score, uint32_t row) {
    if (n_ == 0 || !(score >= threshold_)) return;
    rows_.push_back({score, row});
    if (rows_.size() >= 2 * n_) tighten();
  }

  /// The best rows in no order; valid until the next offer.
  const std::vector<ScoredRow>& best() {
    keep();
    return rows_;
  }

  /// The best rows, best first.
  const std::vector<ScoredRow>& sorted() {
    keep();
    std::sort(rows_.begin(), rows_.end(), better);
    return rows_;
  }

  /// Raises the threshold to the worst of the best, as soon as there are n: what `offer` does only now and then.
  void tighten() {
    if (n_ == 0 || rows_.size() < n_) return;
    std::nth_element(rows_.begin(), rows_.begin() + (n_ - 1), rows_.end(), better);
    rows_.resize(n_);
    threshold_ = rows_[n_ - 1].score;
  }

 private:
  /// Leaves the best n; when that cuts, the worst of them ends up in the last place.
  void keep() {
    if (rows_.size() <= n_) return;
    if (n_ > 0) std::nth_element(rows_.begin(), rows_.begin() + (n_ - 1), rows_.end(), better);
    rows_.resize(n_);
  }

  size_t n_ = 0;
  float threshold_ = 0;
  std::vector<ScoredRow> rows_;
};

}  // namespace kairank
