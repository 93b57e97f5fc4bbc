#include "beam.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../include/bits.h"

namespace kairank {

namespace {

constexpr float kNearest = 1e-30f;      // smaller distances are this one
constexpr float kNarrowest = 0x1p-10f;  // first distances below this share of the ceiling say nothing: it is a twin
constexpr float kFirstEnd = 1e-25f;     // where the bins may begin
constexpr float kLastEnd = 3e38f;
constexpr int kMantissa = 23;
constexpr int kMoveOctaves = 5;
constexpr int kMostMoves = 12;
constexpr uint32_t kCrowd = 64;           // rows that may share an end of the scale
constexpr uint32_t kInterruptEvery = 64;  // rows visited between two looks at the clock

int32_t bitsOf(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Distance as the bins have it; NaN is far, not near.
float distanceOf(float ceiling, float score) {
  const float distance = ceiling - score;
  return distance > kNearest ? distance : (distance <= kNearest ? kNearest : kLastEnd);
}

}  // namespace

void BeamQueue::reset(float ceiling, float first, uint32_t ef) {
  ceiling_ = ceiling;
  ef_ = ef;
  counted_ = 0;
  moves_ = 0;
  entries_.clear();
  used_.fill(0);
  lowest_ = 0;
  cursor_ = -1;
  scale(2 * std::max(first, std::fabs(ceiling) * kNarrowest));
}

void BeamQueue::scale(float farthest) {
  farthest_ = bitsOf(farthest >= kFirstEnd ? std::min(farthest, kLastEnd) : kFirstEnd);  // kFirstEnd for NaN
}

int BeamQueue::placeOf(float score) const {
  return (farthest_ - bitsOf(distanceOf(ceiling_, score))) >> (kMantissa - kBinBits);
}

int BeamQueue::binOf(float score) const { return std::min(std::max(placeOf(score), 0), kBins - 1); }

void BeamQueue::place(uint32_t index) {
  Entry& entry = entries_[index];
  const int bin = binOf(entry.score);
  const uint64_t bit = uint64_t{1} << (bin & 63);
  uint64_t& word = used_[static_cast<size_t>(bin >> 6)];
  if (!(word & bit)) {
    word |= bit;
    heads_[static_cast<size_t>(bin)] = kNone;
    counts_[static_cast<size_t>(bin)] = 0;
  }
  const uint32_t counted = entry.row & kCounted ? 1 : 0;
  counts_[static_cast<size_t>(bin)] += counted;
  counted_ += counted;
  if (entry.row & kVisited) return;
  entry.next = heads_[static_cast<size_t>(bin)];
  heads_[static_cast<size_t>(bin)] = index;
  cursor_ = std::max(cursor_, bin);
}

bool BeamQueue::add(uint32_t row, float score, bool counted) {
  const int before = cursor_;
  entries_.push_back({row | (counted ? kCounted : 0), kNone, score});
  place(static_cast<uint32_t>(entries_.size() - 1));
  const bool first = cursor_ > before;
  if (counted_ > ef_) raise();
  return first;
}

/// Gives up the farthest bins as long as enough rows are nearer.
void BeamQueue::raise() {
  for (;;) {
    const uint64_t word = used_[static_cast<size_t>(lowest_ >> 6)] & (~uint64_t{0} << (lowest_ & 63));
    if (word == 0) {
      lowest_ = (lowest_ | 63) + 1;
      if (lowest_ >= kBins) break;
      continue;
    }
    lowest_ = (lowest_ & ~63) + static_cast<int>(lowestBit(word));
    const uint32_t here = counts_[static_cast<size_t>(lowest_)];
    if (counted_ - here < ef_) break;
    counted_ -= here;
    lowest_++;
  }
  lowest_ = std::min(lowest_, kBins - 1);
  if (moves_ >= kMostMoves) return;
  const uint32_t crowd = std::max(kCrowd, ef_ / 4);
  const uint64_t top = used_[kBins / 64 - 1] >> 63;
  if (top && counts_[kBins - 1] > crowd) {
    move(-kMoveOctaves);
  } else if (lowest_ == 0 && (used_[0] & 1) && counts_[0] > crowd) {
    move(kMoveOctaves);
  }
}

/// Moves the scale towards far (above 0) or near, and puts everything into its new bin.
void BeamQueue::move(int octaves) {
  moves_++;
  const int64_t moved = int64_t{farthest_} + octaves * (1 << kMantissa);
  const int64_t bits = std::min<int64_t>(std::max<int64_t>(moved, bitsOf(kFirstEnd)), bitsOf(kLastEnd));
  if (bits == farthest_) return;
  farthest_ = static_cast<int32_t>(bits);
  used_.fill(0);
  counted_ = 0;
  lowest_ = 0;
  cursor_ = -1;
  for (uint32_t i = 0; i < entries_.size(); i++) place(i);
  if (counted_ > ef_) raise();
}

/// Moves `bin` down to the next one with an unvisited row; false when there is none.
bool BeamQueue::settle(int& bin) const {
  while (bin >= lowest_) {
    const uint64_t word = used_[static_cast<size_t>(bin >> 6)] & (~uint64_t{0} >> (63 - (bin & 63)));
    if (word == 0) {
      bin = (bin & ~63) - 1;
      continue;
    }
    bin = (bin & ~63) + static_cast<int>(highestBit(word));
    if (bin < lowest_) return false;
    if (heads_[static_cast<size_t>(bin)] != kNone) return true;
    bin--;
  }
  return false;
}

bool BeamQueue::next(uint32_t& row) {
  if (!settle(cursor_)) return false;
  const uint32_t index = heads_[static_cast<size_t>(cursor_)];
  Entry& entry = entries_[index];
  heads_[static_cast<size_t>(cursor_)] = entry.next;
  entry.row |= kVisited;
  row = entry.row & kRow;
  return true;
}

uint32_t BeamQueue::peek() {
  int bin = cursor_;
  return settle(bin) ? entries_[heads_[static_cast<size_t>(bin)]].row & kRow : kNoRow;
}

void BeamQueue::collect(std::vector<WalkedRow>& rows) const {
  rows.clear();
  for (const Entry& entry : entries_) {
    if ((entry.row & kCounted) && binOf(entry.score) >= lowest_)
      rows.push_back({orLowest(entry.score), entry.row & kRow});
  }
}

void VisitedRows::reset(uint32_t rows) {
  for (uint32_t row : met_) words_[row >> 6] = 0;
  met_.clear();
  if (words_.size() < rows / 64 + 1) words_.resize(rows / 64 + 1);
}

uint32_t VisitedRows::meet(const Graph::Link* links, uint32_t most, uint32_t rows, const RowCodes& codes,
                           uint32_t* fresh) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < most; i++) {
    const uint32_t row = links[i].load(std::memory_order_acquire);
    if (row == kNoRow) break;
    if (row >= rows) continue;
    // Before it is known whether the row is fresh: by the time it is, its code has come nearer. And no branch on that:
    // it is a coin toss, and a wrong guess costs more than a store.
    codes.prefetch(row);
    uint64_t& word = words_[row >> 6];
    fresh[kept] = row;
    kept += 1 - static_cast<uint32_t>((word >> (row & 63)) & 1);
    word |= uint64_t{1} << (row & 63);
  }
  met_.insert(met_.end(), fresh, fresh + kept);
  return kept;
}

bool Walk::counts(const WalkLimits& limits, uint32_t row) const {
  if (limits.live && !limits.live->has(row)) return false;
  if (limits.filter) {
    if (row >= limits.filterRows) return false;
    if (!((limits.filter[row >> 6].load(std::memory_order_relaxed) >> (row & 63)) & 1)) return false;
  }
  return !limits.predicate || limits.predicate->accepts(row);
}

RowCodes::RowCodes(const RowStore& store, const CodeQuery& query)
    : layout_(store.walked()),
      codes_(store.walkedCodes()),
      query_(query),
      gather_(layout_.codes == Codes::int4 ? kernels().gatherI4 : kernels().gatherI8) {}

bool Walk::run(const Graph& graph, const RowStore& store, const CodeQuery& query, float ceiling, uint32_t entry,
               uint32_t level, const WalkLimits& limits) {
  const RowCodes codes(store, query);
  const uint32_t capacity = graph.capacity(level);
  links_.resize(capacity);
  scores_.resize(capacity + 4);
  visited_.reset(limits.rows);
  float score[4];
  codes.score(&entry, 1, score);
  queue_.reset(ceiling, distanceOf(ceiling, score[0]), limits.ef);
  visited_.add(entry);
  queue_.add(entry, score[0], counts(limits, entry));

  uint32_t row;
  uint32_t visits = 0;
  bool whole = true;
  while (queue_.next(row)) {
    if (++visits % kInterruptEvery == 0 && limits.interrupt && limits.interrupt->due()) {
      whole = false;
      break;
    }
    if (level == 0) {
      const uint32_t after = queue_.peek();
      if (after != kNoRow) graph.prefetch(after);
    }
    const uint32_t count = visited_.meet(graph.links(row, level), capacity, limits.rows, codes, links_.data());
    if (limits.cold) limits.cold->want(ColdPart::walked, links_.data(), count);
    codes.score(links_.data(), count, scores_.data());
    for (uint32_t i = 0; i < count; i++) {
      if (!queue_.welcome(scores_[i])) continue;
      const bool first = queue_.add(links_[i], scores_[i], counts(limits, links_[i]));
      if (limits.cold && level == 0) limits.cold->want(ColdPart::links, links_[i]);
      if (first && level == 0) graph.prefetch(links_[i]);
    }
    if (visited_.met() > limits.budget) {
      whole = false;
      break;
    }
  }
  queue_.collect(found);
  return whole;
}

uint32_t Walk::descend(const Graph& graph, const RowStore& store, const CodeQuery& query, uint32_t entry, uint32_t rows,
                       uint32_t level, const ColdPages* cold) {
  const RowCodes codes(store, query);
  uint32_t best = entry;
  links_.resize(std::max(graph.capacity(0), graph.capacity(1)));
  scores_.resize(links_.size() + 4);
  float score[4];
  codes.score(&best, 1, score);
  for (uint32_t l = graph.level(best); l > level; l--) {
    for (bool moved = true; moved;) {
      moved = false;
      const uint32_t count = graph.read(best, l, rows, links_.data());
      if (cold) cold->want(ColdPart::walked, links_.data(), count);
      codes.score(links_.data(), count, scores_.data());
      for (uint32_t i = 0; i < count; i++) {
        if (scores_[i] > score[0]) {
          score[0] = scores_[i];
          best = links_[i];
          moved = true;
        }
      }
    }
  }
  return best;
}

}  // namespace kairank
