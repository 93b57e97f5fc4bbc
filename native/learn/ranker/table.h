#pragma once
// What the ranker is learned from: the best candidates of held-out cases by the blend, as a request would have them.

#include <vector>

#include "../../include/control.h"
#include "../../state/models.h"
#include "../dataset.h"

namespace kairank {

struct RankerCase {
  std::vector<float> inputs;      // rows x kRankerInputs, best by the blend first
  std::vector<uint32_t> targets;  // rows that were wanted
  uint32_t wanted = 0;            // targets of the case, among the rows or not

  size_t rows() const;
};

/// Recalls, blends and describes for the chosen cases by the way of a request, without a ranker.
std::vector<RankerCase> describeCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                                      bool excludeSeen, uint32_t candidates, uint32_t depth, uint32_t threads,
                                      const Control& control);

}  // namespace kairank
