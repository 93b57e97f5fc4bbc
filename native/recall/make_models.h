#pragma once
// From what training left behind to what recall and rank read.

#include <memory>
#include <vector>

#include "../state/models.h"

namespace kairank {

/// The set of these models, with all that is derived from them. Popularity decides the number of items.
/// @throws Error(invalidArgument) when the models disagree about the items, or a number is not finite.
std::shared_ptr<const ModelSet> makeModels(std::vector<float> popularity, std::shared_ptr<const RulesModel> rules,
                                           std::shared_ptr<const FactorsModel> factors, const AttentionModel& attention,
                                           const Blend& blend, bool excludeSeen);

}  // namespace kairank
