#pragma once
// Held-out cases as requests: learners and evaluation go the way that serving goes.

#include <memory>
#include <vector>

#include "../pipeline/stages.h"
#include "dataset.h"

namespace kairank {

/// What history c would be asked of these models.
inline Ask askOf(const ModelSet& models, const Histories& histories, uint32_t c, bool excludeSeen,
                 uint32_t candidates) {
  Ask ask;
  ask.events = histories.events.data() + histories.offsets[c];
  ask.eventCount = histories.offsets[c + 1] - histories.offsets[c];
  ask.eligible.rows = models.items;
  ask.excludeSeen = excludeSeen;
  ask.candidates = candidates;
  return ask;
}

/// Case c as it would be asked of these models.
inline Ask askOf(const ModelSet& models, const Cases& cases, uint32_t c, bool excludeSeen, uint32_t candidates) {
  return askOf(models, cases.histories, c, excludeSeen, candidates);
}

/// One object a thread, made on first use.
template <typename T>
T& ownOf(std::vector<std::unique_ptr<T>>& all, size_t thread) {
  if (!all[thread]) all[thread] = std::make_unique<T>();
  return *all[thread];
}

}  // namespace kairank
