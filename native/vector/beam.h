#pragma once
// The walk of a search: from an entry towards the query, the most promising row next (Malkov & Yashunin 2016,
// algorithm 2). What waits is kept in bins of distance, not in order: codes err by more than a bin is wide, and putting
// a row into a bin costs a few instructions where a sorted list costs a search and a move.

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "cold.h"
#include "graph.h"
#include "interrupt.h"
#include "predicate.h"
#include "rows.h"

namespace kairank {

/// A score that can be sorted: what an altered file holds may score as NaN.
inline float orLowest(float score) { return score == score ? score : -std::numeric_limits<float>::infinity(); }

/// A row and its score by codes.
struct WalkedRow {
  float score;
  uint32_t row;
};

/// Rows met and not yet visited, and the best met so far. A row's distance is ceiling - score; bins are as many to an
/// octave of it, so that near rows are told apart as finely as far ones. When too many rows share an end of the scale,
/// it is moved.
class BeamQueue {
 public:
  /// The best `ef` counted rows are kept; what is certainly worse is passed over. `first` is the distance to expect.
  void reset(float ceiling, float first, uint32_t ef);

  /// False when a row of this score could not be among the best any more.
  bool welcome(float score) const { return lowest_ == 0 || placeOf(score) >= lowest_; }

  /// Adds a row that is welcome; true when it may be the next to visit. Rows that do not count are visited, and are not
  /// results.
  bool add(uint32_t row, float score, bool counted);

  /// The best row not yet visited; false when none is left that could lead further.
  bool next(uint32_t& row);

  /// The row that `next` would give, or kNoRow: a guess for prefetching.
  uint32_t peek();

  /// Counted rows that are still among the best, in no order.
  void collect(std::vector<WalkedRow>& rows) const;

 private:
  static constexpr int kBins = 2048;
  static constexpr int kBinBits = 8;  // bins to an octave: 2^kBinBits
  static constexpr uint32_t kNone = 0xFFFFFFFFu;
  static constexpr uint32_t kVisited = 1u << 31;
  static constexpr uint32_t kCounted = 1u << 30;
  static constexpr uint32_t kRow = kCounted - 1;

  struct Entry {
    uint32_t row;  // and the two flags
    uint32_t next;
    float score;
  };

  int placeOf(float score) const;
  int binOf(float score) const;
  void scale(float farthest);
  void place(uint32_t entry);
  void raise();
  void move(int octaves);
  bool settle(int& bin) const;

  float ceiling_ = 0;
  int32_t farthest_ = 0;  // bits of the distance where the bins begin
  uint32_t ef_ = 0;
  uint32_t counted_ = 0;  // in bins from lowest_ on
  int lowest_ = 0;        // bins below hold nothing that is among the best
  int cursor_ = -1;       // no unvisited row is above
  int moves_ = 0;
  std::array<uint64_t, kBins / 64> used_{};
  std::array<uint32_t, kBins> heads_{};
  std::array<uint32_t, kBins> counts_{};
  std::vector<Entry> entries_;
};

/// The codes that a walk reads, and the query that it scores them against.
class RowCodes {
 public:
  RowCodes(const RowStore& store, const CodeQuery& query);

  void score(const uint32_t* rows, size_t count, float* out) const {
    gather_(query_, codes_, layout_.stride, layout_.trailer, rows, count, out);
  }

  void prefetch(uint32_t row) const {
#if defined(__GNUC__)
    const uint8_t* from = codes_ + row * layout_.stride;
    for (size_t at = 0; at < layout_.stride; at += 64) __builtin_prefetch(from + at);
#else
    (void)row;
#endif
  }

 private:
  const CodeLayout& layout_;
  const uint8_t* const codes_;
  const CodeQuery& query_;
  void (*const gather_)(const CodeQuery&, const uint8_t*, size_t, size_t, const uint32_t*, size_t, float*);
};

/// Rows that a walk has met; cleared by what it met.
class VisitedRows {
 public:
  void reset(uint32_t rows);
  bool has(uint32_t row) const { return (words_[row >> 6] >> (row & 63)) & 1; }
  void add(uint32_t row) {
    words_[row >> 6] |= uint64_t{1} << (row & 63);
    met_.push_back(row);
  }
  /// Meets the rows that links lead to, below `rows`; writes those that were not met before to `fresh` (room for
  /// `most`), and returns how many.
  uint32_t meet(const Graph::Link* links, uint32_t most, uint32_t rows, const RowCodes& codes, uint32_t* fresh);
  size_t met() const { return met_.size(); }

 private:
  std::vector<uint64_t> words_;
  std::vector<uint32_t> met_;
};

/// What a walk may return, and how long it may take.
struct WalkLimits {
  uint32_t rows;                                  // rows from here on do not exist
  uint32_t ef;                                    // rows to return
  const RowBits* live = nullptr;                  // null: every row counts
  const std::atomic<uint64_t>* filter = nullptr;  // null: every live row counts
  uint32_t filterRows = 0;                        // rows beyond do not pass the filter
  RowPredicate* predicate = nullptr;              // null: every row that the bitmaps let through
  size_t budget = SIZE_MAX;                       // rows to score before giving up
  const Interrupt* interrupt = nullptr;
  const ColdPages* cold = nullptr;  // what may still be on the disk: it is asked for before it is read
};

class Walk {
 public:
  /// Walks at one level from `entry`. False when the budget ran out or the interrupt came: results are then partial.
  bool run(const Graph& graph, const RowStore& store, const CodeQuery& query, float ceiling, uint32_t entry,
           uint32_t level, const WalkLimits& limits);

  /// Goes down greedily from `entry` to above `level`; returns the row nearest to the query there.
  uint32_t descend(const Graph& graph, const RowStore& store, const CodeQuery& query, uint32_t entry, uint32_t rows,
                   uint32_t level, const ColdPages* cold = nullptr);

  /// What `run` found, in no order.
  std::vector<WalkedRow> found;

  /// Rows scored by the last `run`.
  size_t scored() const { return visited_.met(); }

 private:
  bool counts(const WalkLimits& limits, uint32_t row) const;

  BeamQueue queue_;
  VisitedRows visited_;
  std::vector<uint32_t> links_;
  std::vector<float> scores_;
};

}  // namespace kairank
