#pragma once
// What the ranker is told of a candidate: what the sources say of it, one against another, how it goes with the
// shopper's last events one by one, what is in fashion, what the shopper had before, and what they are looking for now.

#include <array>
#include <vector>

#include "../include/radix.h"
#include "../state/candidates.h"
#include "../state/votes.h"
#include "interests.h"

namespace kairank {

/// Inputs in groups, for reports of what each group is worth.
enum class InputGroup : uint32_t { sources, blend, fashion, repeats, content, factors, rules, sequence, interests };
constexpr size_t kInputGroups = 9;
extern const char* const kInputGroupNames[kInputGroups];

constexpr size_t kRankerInputs = 3 * kSources + 20 + kInterestInputs;

/// Which input is the blend's score below the best of the request.
constexpr size_t kBlendInput = 3 * kSources;

/// The group of an input.
InputGroup inputGroup(size_t input);

/// The shopper's events as the ranker reads them; made once a request.
struct RankerHistory {
  struct Had {
    uint32_t row;
    float times;   // positive events
    float newest;  // days from its last to the newest event of all
  };
  std::vector<Had> had;        // by row
  std::vector<uint32_t> last;  // rows of the last positive events, newest first, distinct
  float length = 0;            // log(1 + positive events)

  void read(const HistoryEvent* events, size_t count);
};

/// Working memory.
struct RankerScratch {
  RankerHistory history;
  std::array<std::vector<uint32_t>, kSources> places;  // of each candidate among those that a source scored
  std::vector<Keyed> byRow, order, spare;
  std::vector<float> keys, own, cosines;
  std::vector<uint8_t> known;
  InterestScratch interests;
  std::vector<float> inputs, hidden, scores;
  std::vector<uint32_t> ranked;  // by candidate: its place among those that the ranker saw, kNoRow for none
  size_t count = 0;              // of these

  /// Notes which candidates the ranker saw, in which order.
  void place(const std::vector<uint32_t>& order, size_t candidates) {
    ranked.assign(candidates, kNoRow);
    count = order.size();
    for (uint32_t r = 0; r < order.size(); r++) ranked[order[r]] = r;
  }

  /// The last hidden layer of a candidate; null for one that the ranker did not see.
  const float* narrowOf(uint32_t candidate, const RankerModel& model) const {
    if (ranked[candidate] == kNoRow) return nullptr;
    return hidden.data() + count * model.hidden + static_cast<size_t>(ranked[candidate]) * model.narrow;
  }
};

/// inputs = chosen x kRankerInputs for the candidates named in `chosen` (indexes), best by the blend first. `z` and
/// `scores` are those of all candidates; scratch.history has been read.
void rankerInputs(const ModelSet& models, const Candidates& candidates, const std::vector<float>& z,
                  const std::vector<double>& scores, const std::vector<uint32_t>& chosen, RankerScratch& scratch,
                  float* inputs);

}  // namespace kairank
