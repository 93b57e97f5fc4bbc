#include "repeats.h"

#include <algorithm>
#include <cmath>

namespace kairank {

namespace {

constexpr double kLongest = 60;  // half-lives after which an event counts no less

}  // namespace

void scoreRepeats(const HistoryEvent* events, size_t count, float halfLife, const std::vector<float>* returning,
                  uint32_t rows, SparseScores& out) {
  for (size_t i = 0; i < count; i++) {
    if (positive(events[i])) rows = std::max(rows, events[i].row + 1);
  }
  out.reset(rows);
  const double newest = count > 0 ? events[count - 1].at : 0;
  for (size_t i = 0; i < count; i++) {
    if (!positive(events[i])) continue;
    const double age = std::max(0.0, newest - events[i].at) / kDayMillis / halfLife;
    const double share = age == age ? std::exp2(-std::min(age, kLongest)) : 0;
    const uint32_t row = events[i].row;
    const double again = returning && row < returning->size() ? (*returning)[row] : 1;
    out.add(row, static_cast<float>(std::min(events[i].weight, kMaxEventWeight) * share * again));
  }
}

}  // namespace kairank
