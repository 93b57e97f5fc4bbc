#pragma once
// Rules as a source: the items that followed the shopper's last events in other histories.

#include <vector>

#include "../state/models.h"
#include "../state/votes.h"

namespace kairank {

/// Scores of the rows that were touched; 0 elsewhere.
struct SparseScores {
  std::vector<float> values;
  std::vector<uint32_t> touched;

  /// Empties it in the time of what was touched, and makes room for `items` rows.
  void reset(size_t items) {
    for (uint32_t row : touched) values[row] = 0;
    touched.clear();
    if (values.size() < items) values.resize(items, 0);
  }
};

/// out.values[c] = sum over votes of weight * rules[vote.row][c] (Ludewig & Jannach 2018, section 3.2, with decay by
/// the age of an event). `out` is reset first.
void scoreRules(const RulesModel& model, const std::vector<Vote>& votes, SparseScores& out);

/// The rule from row `from` to row `to`, 0 where there is none.
float ruleValue(const RulesModel& model, uint32_t from, uint32_t to);

}  // namespace kairank
