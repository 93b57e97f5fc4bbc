#include "rules.h"

namespace kairank {

void scoreRules(const RulesModel& model, const std::vector<Vote>& votes, SparseScores& out) {
  out.reset(model.items);
  float* values = out.values.data();
  for (const Vote& vote : votes) {
    const uint64_t end = model.offsets[vote.row + 1];
    for (uint64_t i = model.offsets[vote.row]; i < end; i++) {
      const float added = vote.weight * model.values[i];
      float& value = values[model.columns[i]];
      // A product that underflowed must not list the row twice.
      if (value == 0 && added > 0) out.touched.push_back(model.columns[i]);
      value += added;
    }
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
