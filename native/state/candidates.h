#pragma once
// The candidates of one request on their way through recall and rank: rows, and the score of each source.

#include <array>
#include <cstdint>
#include <vector>

#include "models.h"

namespace kairank {

inline uint32_t sourceBit(Source source) { return 1u << static_cast<uint32_t>(source); }

struct Candidates {
  std::vector<uint32_t> rows;
  std::vector<uint32_t> sources;                    // bit s: source s scored this row
  std::array<std::vector<float>, kSources> scores;  // of each source, 0 where it has none

  void clear() {
    rows.clear();
    sources.clear();
    for (auto& column : scores) column.clear();
  }
  void add(uint32_t row) { rows.push_back(row); }
  /// Room for the scores of the rows that are there.
  void openScores() {
    sources.assign(rows.size(), 0);
    for (auto& column : scores) column.assign(rows.size(), 0.0f);
  }
  void set(size_t index, Source source, float score) {
    scores[static_cast<size_t>(source)][index] = score;
    sources[index] |= sourceBit(source);
  }
};

/// A set of rows that is emptied in the time of what it holds.
class RowSet {
 public:
  /// Empty, for rows below `rows`.
  void clear(size_t rows) {
    for (uint32_t row : members_) words_[row >> 6] = 0;
    members_.clear();
    rows_ = rows;
    if (words_.size() * 64 < rows) words_.resize((rows + 63) / 64, 0);
  }
  bool has(uint32_t row) const { return row < rows_ && ((words_[row >> 6] >> (row & 63)) & 1); }
  /// Rows 64 * index ..., a bit each.
  uint64_t word(size_t index) const { return index < words_.size() ? words_[index] : 0; }
  /// False when the row is there already, or out of range.
  bool add(uint32_t row) {
    if (row >= rows_ || has(row)) return false;
    words_[row >> 6] |= uint64_t{1} << (row & 63);
    members_.push_back(row);
    return true;
  }

 private:
  std::vector<uint64_t> words_;
  std::vector<uint32_t> members_;
  size_t rows_ = 0;
};

}  // namespace kairank
