#include "reasons.h"

#include <algorithm>

#include "../include/limits.h"

namespace kairank {

namespace {

/// Adds the weight to the entry of the same row; the first to come (the newest event) names it.
void addShare(std::vector<Share>& shares, const Vote& vote, float weight) {
  for (Share& share : shares) {
    if (share.row == vote.row) {
      share.weight += weight;
      return;
    }
  }
  shares.push_back({vote.row, vote.event, weight});
}

void writeBest(std::vector<Share>& shares, uint32_t reasons, uint32_t* events, float* weights) {
  float total = 0;
  for (const Share& share : shares) total += share.weight;
  const size_t named = std::min<size_t>(reasons, shares.size());
  std::partial_sort(shares.begin(), shares.begin() + named, shares.end(), [](const Share& a, const Share& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.event > b.event;
  });
  for (uint32_t r = 0; r < reasons; r++) {
    const bool has = r < named && shares[r].weight > 0;
    events[r] = has ? shares[r].event : kNoEvent;
    weights[r] = has ? shares[r].weight / total : 0;
  }
}

}  // namespace

void nameReasons(const ModelSet& models, const AttentionModel& attention, Attended& attended,
                 const std::vector<Vote>& votes, const uint32_t* rows, size_t count, uint32_t reasons,
                 std::vector<Share>& work, uint32_t* events, float* shares) {
  if (reasons == 0 || count == 0) return;
  if (!attended.votes.empty()) attentionWeights(models, attention, attended, rows, count);
  for (size_t i = 0; i < count; i++) {
    work.clear();
    if (!attended.votes.empty() && models.factors->has(rows[i])) {
      const float* weights = attended.weights.data() + i * attended.votes.size();
      for (size_t j = 0; j < attended.votes.size(); j++) addShare(work, attended.votes[j], weights[j]);
    } else if (models.rules) {
      for (const Vote& vote : votes) {
        const float value = vote.weight * ruleValue(*models.rules, vote.row, rows[i]);
        if (value > 0) addShare(work, vote, value);
      }
    }
    writeBest(work, reasons, events + i * reasons, shares + i * reasons);
  }
}

}  // namespace kairank
