#include "votes.h"

#include <algorithm>

namespace kairank {

namespace {

constexpr float kFaintest = 1e-7f;  // below this share of a fresh event's weight a vote changes no f32 sum

}  // namespace

void collectVotes(const HistoryEvent* events, size_t count, uint32_t items, float decay, uint32_t maxEvents,
                  std::vector<Vote>& out) {
  out.clear();
  float faded = 1;
  uint32_t age = 0;
  for (size_t i = count; i-- > 0 && age < maxEvents && faded > kFaintest;) {
    const HistoryEvent& event = events[i];
    if (!positive(event)) continue;
    if (event.row < items) {
      out.push_back({event.row, static_cast<uint32_t>(i), std::min(event.weight, kMaxEventWeight) * faded});
    }
    faded *= decay;
    age++;
  }
}

}  // namespace kairank
