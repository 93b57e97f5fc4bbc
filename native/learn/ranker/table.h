#pragma once
// What the ranker is learned from: the best candidates of held-out cases by the blend, as a request would have them,
// and lists that shoppers were shown.

#include <vector>

#include "../../include/control.h"
#include "../../state/models.h"
#include "../dataset.h"

namespace kairank {

struct RankerCase {
  std::vector<float> inputs;        // rows x kRankerInputs, best by the blend first
  std::vector<uint32_t> targets;    // rows that were wanted
  std::vector<float> gains;         // of each target: what it counts; empty: each the same
  std::vector<uint32_t> positions;  // of each row in the list that was shown, or kNoPosition; empty: nothing was shown
  uint32_t wanted = 0;              // targets of the case, among the rows or not

  size_t rows() const;
  float gain(size_t target) const { return gains.empty() ? 1 : gains[target]; }
};

/// Recalls, blends and describes for the chosen cases by the way of a request, without a ranker.
std::vector<RankerCase> describeCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                                      bool excludeSeen, uint32_t candidates, uint32_t depth, uint32_t threads,
                                      const Control& control);

/// Describes the rows of the chosen lists as a request would have them: among all that recall brings for the shopper of
/// that moment, whether it would have brought them or not. What may not be shown, or no model knows, is left out.
std::vector<RankerCase> describeLists(const ModelSet& models, const ShownLists& lists,
                                      const std::vector<uint32_t>& chosen, bool excludeSeen, uint32_t candidates,
                                      uint32_t threads, const Control& control);

}  // namespace kairank
