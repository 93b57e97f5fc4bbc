#include "blend.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kairank {

void standardise(const Candidates& candidates, std::vector<float>& z) {
  const size_t count = candidates.rows.size();
  z.assign(count * kSources, 0.0f);
  for (size_t s = 0; s < kSources; s++) {
    const float* column = candidates.scores[s].data();
    double sum = 0;
    size_t scored = 0;
    for (size_t i = 0; i < count; i++) {
      if (!hasScore(candidates, i, s)) continue;
      sum += z[i * kSources + s] = column[i];
      scored++;
    }
    if (scored == 0) continue;
    const double mean = sum / scored;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
      if (!hasScore(candidates, i, s)) continue;
      const double off = z[i * kSources + s] - mean;
      squares += off * off;
    }
    const double deviation = std::sqrt(squares / scored);
    // Scores that differ by rounding alone are alike.
    const double factor = deviation > 1e-6 * std::fabs(mean) && deviation > 0 ? 1 / deviation : 0;
    for (size_t i = 0; i < count; i++) {
      if (hasScore(candidates, i, s)) {
        z[i * kSources + s] = static_cast<float>((z[i * kSources + s] - mean) * factor);
      }
    }
  }
}

void blendScores(const Candidates& candidates, const std::vector<float>& z, const Blend& blend,
                 std::vector<float>& parts, std::vector<double>& scores) {
  const size_t count = candidates.rows.size();
  parts.resize(count * kSources);
  scores.resize(count);
  for (size_t i = 0; i < count; i++) {
    double sum = 0;
    for (size_t s = 0; s < kSources; s++) {
      const float part = hasScore(candidates, i, s) ? blend.weight[s] * z[i * kSources + s] : -blend.missing[s];
      parts[i * kSources + s] = part;
      sum += part;
    }
    scores[i] = sum;
  }
}

void orderBest(const Candidates& candidates, const std::vector<double>& scores, size_t count,
               std::vector<uint32_t>& order) {
  order.resize(candidates.rows.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
  const auto better = [&](uint32_t a, uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : candidates.rows[a] < candidates.rows[b];
  };
  // Quicker than a partial sort, whose heap is slow where much is wanted.
  if (end != order.end()) std::nth_element(order.begin(), end, order.end(), better);
  std::sort(order.begin(), end, better);
}

}  // namespace kairank
