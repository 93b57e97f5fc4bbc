#pragma once
// The positive events of a history as models read them: newest first, weighted by age.

#include <cstddef>
#include <vector>

#include "../include/events.h"

namespace kairank {

struct Vote {
  uint32_t row;
  uint32_t event;  // index into the history
  float weight;    // the event's weight x decay^age, above 0
};

/// Strongest weight that one event can have: a larger one (or infinity) would drown a whole history.
constexpr float kMaxEventWeight = 1e6f;

/// For models that can know any row, whenever it came.
constexpr uint32_t kAnyRow = kNoRow;

/// True for an event that speaks for an item.
inline bool positive(const HistoryEvent& event) { return event.weight > 0 && event.row != kNoRow; }

/// The last `maxEvents` positive events as votes, newest first. Age counts positive events: the newest has age 0.
/// Rows at or above `items` have an age and no vote: the models know nothing about them.
void collectVotes(const HistoryEvent* events, size_t count, uint32_t items, float decay, uint32_t maxEvents,
                  std::vector<Vote>& out);

}  // namespace kairank
