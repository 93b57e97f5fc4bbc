#include "reasons.h"

#include <algorithm>

#include "../include/limits.h"

namespace kairank {

namespace {

/// Groups votes by row; votes come newest first, so the first of a row names it.
void groupVotes(const std::vector<Vote>& votes, ReasonScratch& scratch) {
  scratch.rows.clear();
  scratch.rowOf.clear();
  for (const Vote& vote : votes) {
    size_t place = 0;
    while (place < scratch.rows.size() && scratch.rows[place].row != vote.row) place++;
    if (place == scratch.rows.size()) scratch.rows.push_back({vote.row, vote.event, 0});
    scratch.rowOf.push_back(static_cast<uint32_t>(place));
  }
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
                 ReasonScratch& scratch, uint32_t* events, float* shares) {
  if (reasons == 0 || count == 0) return;
  const bool attends = !attended.votes.empty();
  if (attends) {
    attentionWeights(models, attention, attended, rows, count);
    groupVotes(attended.votes, scratch);
    for (size_t i = 0; i < count; i++) {
      if (!models.factorsOf(rows[i])) continue;
      scratch.shares = scratch.rows;
      const float* weights = attended.weights.data() + i * attended.votes.size();
      for (size_t j = 0; j < attended.votes.size(); j++) scratch.shares[scratch.rowOf[j]].weight += weights[j];
      writeBest(scratch.shares, reasons, events + i * reasons, shares + i * reasons);
    }
  }
  if (!models.rules) return;
  bool grouped = false;
  for (size_t i = 0; i < count; i++) {
    if (attends && models.factorsOf(rows[i])) continue;
    if (!grouped) groupVotes(votes, scratch);
    grouped = true;
    scratch.shares = scratch.rows;
    for (size_t j = 0; j < votes.size(); j++) {
      scratch.shares[scratch.rowOf[j]].weight += votes[j].weight * ruleValue(*models.rules, votes[j].row, rows[i]);
    }
    writeBest(scratch.shares, reasons, events + i * reasons, shares + i * reasons);
  }
}

}  // namespace kairank
