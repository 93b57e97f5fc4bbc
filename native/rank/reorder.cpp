#include "reorder.h"

#include <algorithm>

namespace kairank {

void reorder(const Candidates& candidates, const float* anew, std::vector<uint32_t>& order,
             std::vector<double>& scores) {
  if (order.empty()) return;
  const double worst = *std::min_element(anew, anew + order.size());
  const double below = scores[order.back()];
  for (double& score : scores) score = score - below + worst - 1;
  for (size_t r = 0; r < order.size(); r++) scores[order[r]] = anew[r];
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : candidates.rows[a] < candidates.rows[b];
  });
}

}  // namespace kairank
