#include "sessions.h"

#include <algorithm>
#include <cmath>

namespace kairank {

namespace {

/// Sums the votes of the events that each session shares, and remembers the newest of them.
void compare(const SessionsModel& model, const std::vector<Vote>& votes, SessionScratch& scratch) {
  scratch.likeness.reset(model.sessions());
  scratch.shared.resize(model.sessions());
  scratch.asked.clear(model.items);
  for (const Vote& vote : votes) {
    // An item that came twice speaks once, by its latest event.
    if (!scratch.asked.add(vote.row)) continue;
    for (uint64_t i = model.itemOffsets[vote.row]; i < model.itemOffsets[vote.row + 1]; i++) {
      const uint32_t session = model.itemSessions[i];
      if (scratch.likeness[session] == 0) scratch.shared[session] = vote.row;
      scratch.likeness.add(session, vote.weight * model.itemShare[vote.row]);
    }
  }
}

void keepNearest(const SessionsModel& model, SessionScratch& scratch) {
  const uint32_t sessions = model.sessions();
  scratch.nearest.reset(model.neighbours);
  for (uint32_t session : scratch.likeness) {
    const auto length = static_cast<float>(model.offsets[session + 1] - model.offsets[session]);
    float likeness = scratch.likeness[session] / std::sqrt(length);
    if (model.ageing > 0) {
      likeness *= std::exp(-model.ageing * static_cast<float>(sessions - 1 - session) / static_cast<float>(sessions));
    }
    scratch.nearest.offer(likeness, session);
  }
}

}  // namespace

void scoreSessions(const SessionsModel& model, const std::vector<Vote>& votes, SessionScratch& scratch,
                   SparseScores& out) {
  out.reset(model.items);
  compare(model, votes, scratch);
  keepNearest(model, scratch);
  const float step = std::exp(-model.distance);
  for (const ScoredRow& near : scratch.nearest.best()) {
    const uint32_t* const begin = model.rows.data() + model.offsets[near.row];
    const uint32_t* const end = model.rows.data() + model.offsets[near.row + 1];
    const uint32_t* const shared = std::find(begin, end, scratch.shared[near.row]);
    out.add(*shared, near.score * model.itemShare[*shared]);
    float vote = near.score;
    for (const uint32_t* item = shared + 1; item < end; item++, vote *= step) {
      out.add(*item, vote * model.itemShare[*item]);
    }
    vote = near.score * model.back;
    for (const uint32_t* item = shared; item > begin; vote *= step) {
      item--;
      out.add(*item, vote * model.itemShare[*item]);
    }
  }
}

}  // namespace kairank
