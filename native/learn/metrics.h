#pragma once
// NDCG@10 and recall@10 of a case, as learners choose by them. Ties take the exact expectation over permutations.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace kairank {

constexpr uint32_t kMetricCut = 10;

/// Where one target came out in a ranking of the eligible rows.
struct TargetRank {
  uint32_t above = 0;  // rows that scored higher
  uint32_t tied = 0;   // rows with the same score, the target not counted
  bool recalled = false;
};

/// Where a target of score `own` stands among `count` scores, its own one of them.
inline TargetRank rankAmong(const float* scores, size_t count, float own) {
  TargetRank rank;
  rank.recalled = true;
  for (size_t i = 0; i < count; i++) {
    rank.above += scores[i] > own;
    rank.tied += scores[i] == own;
  }
  rank.tied--;  // the target itself
  return rank;
}

struct CaseQuality {
  double ndcg = 0;
  double recall = 0;
};

/// The mean; zeros when there are no cases.
inline CaseQuality meanQuality(const std::vector<CaseQuality>& qualities) {
  CaseQuality mean;
  for (const CaseQuality& quality : qualities) {
    mean.ndcg += quality.ndcg / qualities.size();
    mean.recall += quality.recall / qualities.size();
  }
  return mean;
}

inline double discount(uint32_t place) { return 1 / std::log2(place + 2.0); }

/// Binary gains, ideal truncated at 10; a target that was not recalled gains nothing.
inline CaseQuality qualityOf(const TargetRank* ranks, size_t targets) {
  CaseQuality quality;
  if (targets == 0) return quality;
  double ideal = 0;
  for (uint32_t i = 0; i < std::min<size_t>(targets, kMetricCut); i++) ideal += discount(i);
  for (size_t t = 0; t < targets; t++) {
    const TargetRank& rank = ranks[t];
    if (!rank.recalled || rank.above >= kMetricCut) continue;
    const uint32_t places = rank.tied + 1;
    const uint32_t inside = std::min(places, kMetricCut - rank.above);
    double gain = 0;
    for (uint32_t i = 0; i < inside; i++) gain += discount(rank.above + i);
    quality.ndcg += gain / places;
    quality.recall += static_cast<double>(inside) / places;
  }
  quality.ndcg /= ideal;
  quality.recall /= targets;
  return quality;
}

/// Whether NDCG@10 is higher by more than one standard error of the difference, case by case.
inline bool clearlyBetter(const std::vector<CaseQuality>& a, const std::vector<CaseQuality>& b) {
  double sum = 0;
  double squares = 0;
  for (size_t i = 0; i < a.size(); i++) {
    const double gain = a[i].ndcg - b[i].ndcg;
    sum += gain;
    squares += gain * gain;
  }
  const double count = static_cast<double>(a.size());
  const double mean = sum / count;
  return mean > std::sqrt(std::max(0.0, squares / count - mean * mean) / count);
}

}  // namespace kairank
