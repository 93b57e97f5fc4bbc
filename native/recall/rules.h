#pragma once
// Rules as a source: the items that followed the shopper's last events in other histories.

#include <vector>

#include "../state/models.h"
#include "../state/votes.h"

namespace kairank {

/// Scores of the rows that were touched, 0 elsewhere. Iterates over the touched rows.
class SparseScores {
 public:
  float operator[](uint32_t row) const { return values_[row]; }
  const uint32_t* begin() const { return touched_.data(); }
  const uint32_t* end() const { return touched_.data() + count_; }

  /// Empties it in the time of what was touched, and makes room for `items` rows.
  void reset(size_t items) {
    for (uint32_t row : *this) values_[row] = 0;
    count_ = 0;
    if (values_.size() >= items) return;
    values_.resize(items, 0);
    touched_.resize(items + 1);
  }

  /// Adds to a row; `score` is not negative.
  void add(uint32_t row, float score) {
    float& value = values_[row];
    // Written always and counted only the first time: a branch here would be guessed wrong half the time. A score that
    // underflowed to 0 must not list its row.
    touched_[count_] = row;
    count_ += static_cast<size_t>(value == 0) & static_cast<size_t>(score > 0);
    value += score;
  }

 private:
  std::vector<float> values_;
  std::vector<uint32_t> touched_;
  size_t count_ = 0;
};

/// out[c] = sum over votes of weight * rules[vote.row][c] (Ludewig & Jannach 2018, section 3.2, with decay by
/// the age of an event). `out` is reset first.
void scoreRules(const RulesModel& model, const std::vector<Vote>& votes, SparseScores& out);

/// The rule from row `from` to row `to`, 0 where there is none.
float ruleValue(const RulesModel& model, uint32_t from, uint32_t to);

}  // namespace kairank
