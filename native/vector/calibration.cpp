#include "calibration.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../include/random.h"

namespace kairank {

namespace {

constexpr uint64_t kOften = 4096;  // after so many queries only one in sixteen is considered

}  // namespace

void Calibration::sample(const float* query, uint32_t dim) {
  std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  seen_++;
  if (seen_ > kOften && seen_ % 16 != 0) return;
  size_t place = reservoir_.size() / dim;
  if (place >= kReservoir) {
    place = Random(seen_).below(static_cast<size_t>(seen_));
    if (place >= kReservoir) return;
  } else {
    reservoir_.resize((place + 1) * dim);
  }
  std::memcpy(reservoir_.data() + place * dim, query, dim * sizeof(float));
}

std::vector<float> Calibration::sampled(uint32_t dim) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const size_t count = std::min(reservoir_.size() / dim, kQueries);
  return {reservoir_.begin(), reservoir_.begin() + static_cast<std::ptrdiff_t>(count * dim)};
}

std::vector<CalibrationPoint> Calibration::points(uint64_t& changes) const {
  std::lock_guard<std::mutex> lock(mutex_);
  changes = changes_;
  return points_;
}

void Calibration::set(std::vector<CalibrationPoint> points, uint64_t changes) {
  std::lock_guard<std::mutex> lock(mutex_);
  points_ = std::move(points);
  changes_ = changes;
}

uint32_t efForRecall(const std::vector<CalibrationPoint>& points, float recall) {
  for (size_t i = 0; i < points.size(); i++) {
    if (points[i].recall < recall) continue;
    if (i == 0) return points[0].ef;
    const CalibrationPoint& low = points[i - 1];
    const float share = (recall - low.recall) / std::max(points[i].recall - low.recall, 1e-6f);
    return low.ef + static_cast<uint32_t>(std::ceil(share * static_cast<float>(points[i].ef - low.ef)));
  }
  return points.empty() ? 0 : points.back().ef;
}

}  // namespace kairank
