#include "rules.h"

namespace kairank {

void scoreRules(const RulesModel& model, const std::vector<Vote>& votes, SparseScores& out) {
  out.reset(model.items);
  for (const Vote& vote : votes) {
    const uint64_t end = model.offsets[vote.row + 1];
    for (uint64_t i = model.offsets[vote.row]; i < end; i++) out.add(model.columns[i], vote.weight * model.values[i]);
  }
}

float ruleValue(const RulesModel& model, uint32_t from, uint32_t to) {
  if (from >= model.items) return 0;
  for (uint64_t i = model.offsets[from]; i < model.offsets[from + 1]; i++) {
    if (model.columns[i] == to) return model.values[i];
  }
  return 0;
}

}  // namespace kairank
