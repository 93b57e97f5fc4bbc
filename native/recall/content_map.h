#pragma once
// From what an item is about to where behaviour would put it (CB2CF, Barkan et al. 2019, here linear).

#include <vector>

#include "../state/content_model.h"
#include "../state/models.h"

namespace kairank {

/// factor dim x content dim, row-major: the ridge regression of factors on content vectors, over the items that have
/// both. Empty when there are none.
std::vector<float> mapContent(const ContentModel& content, const FactorsModel& factors);

}  // namespace kairank
