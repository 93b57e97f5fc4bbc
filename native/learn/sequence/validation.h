#pragma once
// Where the targets of cases come out when a sequence model ranks the catalogue for them.

#include <vector>

#include "../../include/control.h"
#include "../dataset.h"
#include "../metrics.h"
#include "network.h"

namespace kairank {

/// NDCG@10 and recall@10 of the chosen cases. Seen items are not eligible where `excludeSeen`; a case without history
/// misses its targets.
std::vector<CaseQuality> sequenceQualities(const SequenceConfig& config, const float* weights, const Cases& cases,
                                           const std::vector<uint32_t>& chosen, bool excludeSeen, uint32_t threads,
                                           const Control& control);

}  // namespace kairank
