#pragma once
// Which sources count, how much, and whether seen items are shown again: chosen on validation.

#include <memory>
#include <optional>

#include "../include/control.h"
#include "../recall/make_models.h"
#include "dataset.h"

namespace kairank {

struct BlendOptions {
  std::optional<bool> excludeSeen;  // none: both are tried where targets repeat
  uint32_t candidates = 500;
  uint64_t seed = 1;
  uint32_t threads = 1;
};

struct LearnedBlend {
  std::shared_ptr<const ModelSet> models;
  std::vector<Trial> trials;
};

/// Puts single models together. Attention's scale and decay are chosen first; then sources join one at a time, the
/// best first, each judged by NDCG@10 over two folds of the validation cases, and only while the gain exceeds one
/// standard error. Documented defaults when there are no cases.
/// `parts` has the single models; what it says of attention, weights and seen items is not read.
/// @throws Error(invalidArgument) when the models disagree about the items.
LearnedBlend learnBlend(const Dataset& data, ModelParts parts, const BlendOptions& options, Control& control);

}  // namespace kairank
