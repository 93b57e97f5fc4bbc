#pragma once
// Which of the shopper's events speak for an item: the attention's own weights, or the rules' votes for an item that
// attention does not know.

#include "../rank/attention.h"
#include "../recall/rules.h"

namespace kairank {

/// What the events on one row add to the reason of an item.
struct Share {
  uint32_t row;
  uint32_t event;  // the newest of them
  float weight;
};

/// Working memory of nameReasons.
struct ReasonScratch {
  std::vector<Share> rows;      // distinct rows of the events, weights unset
  std::vector<uint32_t> rowOf;  // of each vote, index into `rows`
  std::vector<Share> shares;
};

/// Fills `reasons` entries an item: events[i * reasons + r] (index into the history, kNoEvent where fewer) and their
/// share, strongest first. Events on one item count together and are named by the newest of them. `attended` as from
/// attend, `votes` as the rules saw them; either may be empty.
void nameReasons(const ModelSet& models, const AttentionModel& attention, Attended& attended,
                 const std::vector<Vote>& votes, const uint32_t* rows, size_t count, uint32_t reasons,
                 ReasonScratch& scratch, uint32_t* events, float* shares);

}  // namespace kairank
