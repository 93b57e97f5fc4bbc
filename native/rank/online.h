#pragma once
// What feedback teaches between trainings: a linear layer beside the last layer of the ranker, over what that layer
// reads and what shoppers did lately with each item. With weights of zero every order stands as trained.

#include <memory>
#include <vector>

#include "../state/candidates.h"
#include "../state/item_statistics.h"
#include "ranker_inputs.h"

namespace kairank {

// Places of the inputs: what each source says (z-scores), and from there on
constexpr size_t kOnlineBase = kSources;        // the score as trained: how far below the best, as a logit
constexpr size_t kOnlineTrend = kSources + 1;   // whether the item is taken up oftener than training saw
constexpr size_t kOnlineAppeal = kSources + 2;  // and chosen oftener from lists than foretold
constexpr size_t kOnlineNarrow = kSources + 3;  // the ranker's last hidden layer, where there is one

/// Items at the head of a list whose inputs are kept for feedback.
constexpr size_t kRemembered = 20;

/// Inputs of a candidate under these models.
size_t onlineWidth(const ModelSet& models);

/// Weights as they are after some piece of feedback. Immutable.
struct OnlineLayer {
  std::shared_ptr<const ItemCounts> counts;  // of the models that it belongs to
  double total = 0;                          // popularity of all items, and one for each
  std::vector<float> weights;                // onlineWidth
  bool idle = true;                          // all of them zero

  bool of(const ModelSet& models) const { return counts == models.counts && weights.size() == onlineWidth(models); }
};

/// How a request sees it.
struct OnlineView {
  const OnlineLayer* layer;
  const ItemStatistics* statistics;
  ItemStatistics::Moment moment;
};

/// Working memory.
struct OnlineScratch {
  std::vector<float> inputs;
  std::vector<float> base;  // scores as trained, below the best, as logits of a choice
  std::vector<float> moved;
};

/// to = onlineWidth inputs of candidate i. `scratch.base` is set; `ranked` is what the ranker left behind,
/// where the models have one.
void onlineInputs(const OnlineView& view, const ModelSet& models, const Candidates& candidates,
                  const std::vector<float>& z, uint32_t i, const RankerScratch& ranked, const OnlineScratch& scratch,
                  float* to);

/// Keeps the scores as trained, and moves those of `order` (the best candidates, best first) by what was learned since;
/// of an idle layer, no order is asked for.
void adjust(const OnlineView& view, const ModelSet& models, const Candidates& candidates, const std::vector<float>& z,
            const RankerScratch& ranked, OnlineScratch& scratch, std::vector<uint32_t>& order,
            std::vector<double>& scores);

}  // namespace kairank
