#pragma once
// A new order among the best.

#include <vector>

#include "../state/candidates.h"

namespace kairank {

/// Gives the candidates of `order`, the best ones, these scores and sorts it by them, equal ones by row. The others
/// stay below: they keep their distances to the last of those.
void reorder(const Candidates& candidates, const float* anew, std::vector<uint32_t>& order,
             std::vector<double>& scores);

}  // namespace kairank
