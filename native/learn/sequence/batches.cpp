#include "batches.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace kairank {

namespace {

constexpr uint32_t kWindows[] = {50, 100, 200};
constexpr size_t kPartRows = 96;  // fixed: what is summed together must not depend on the threads

/// Share of the histories that have events that the model hears of, and at most `most` of them.
double shareWithin(const Histories& histories, uint64_t most) {
  uint64_t used = 0;
  uint64_t within = 0;
  for (uint32_t user = 0; user < histories.users(); user++) {
    const auto begin = histories.events.begin() + static_cast<std::ptrdiff_t>(histories.offsets[user]);
    const auto end = histories.events.begin() + static_cast<std::ptrdiff_t>(histories.offsets[user + 1]);
    const auto length = static_cast<uint64_t>(
        std::count_if(begin, end, [](const HistoryEvent& event) { return event.row != kNoRow && event.weight != 0; }));
    used += length > 0;
    within += length > 0 && length <= most;
  }
  return used > 0 ? static_cast<double>(within) / static_cast<double>(used) : 1;
}

}  // namespace

uint32_t windowOf(const Histories& histories) {
  const auto covers = [&](uint32_t window) { return shareWithin(histories, window) >= 0.9; };
  const auto found = std::find_if(std::begin(kWindows), std::end(kWindows), covers);
  return found != std::end(kWindows) ? *found : *std::prev(found);
}

uint32_t widerWindow(const Histories& histories, uint32_t window, double share) {
  const auto next = std::upper_bound(std::begin(kWindows), std::end(kWindows), window);
  return next != std::end(kWindows) && 1 - shareWithin(histories, window) > share ? *next : 0;
}

std::vector<uint32_t> kindsOf(const Histories& histories) {
  std::vector<bool> seen(3 * 65536);
  for (const HistoryEvent& event : histories.events) {
    if (event.row != kNoRow && event.weight != 0) seen[kindOf(event)] = true;
  }
  std::vector<uint32_t> kinds;
  for (uint32_t kind = 0; kind < seen.size(); kind++) {
    if (seen[kind]) kinds.push_back(kind);
  }
  return kinds;
}

bool hasTimes(const Histories& histories) {
  for (uint32_t user = 0; user < histories.users(); user++) {
    for (uint64_t e = histories.offsets[user] + 1; e < histories.offsets[user + 1]; e++) {
      if (histories.events[e].at != histories.events[e - 1].at) return true;
    }
  }
  return false;
}

TrainingSequences trainingSequences(const Histories& histories, const SequenceConfig& config) {
  TrainingSequences out;
  out.targetCounts.assign(config.items, 0);
  const uint64_t window = config.window;
  const uint64_t step = std::max<uint64_t>(1, window / 2);
  for (uint32_t user = 0; user < histories.users(); user++) {
    const uint64_t begin = out.items.size();
    const HistoryEvent* before = nullptr;
    for (uint64_t e = histories.offsets[user]; e < histories.offsets[user + 1]; e++) {
      const HistoryEvent& event = histories.events[e];
      if (!felt(config, event)) continue;
      out.items.push_back(event.row);
      out.kinds.push_back(kindRow(config, event));
      out.gaps.push_back(gapRow(config, before, event));
      // The event itself where it is positive: the pass from the end makes of it what follows.
      out.targets.push_back(event.weight > 0 ? event.row : kNoRow);
      before = &event;
    }
    const uint64_t end = out.items.size();
    uint32_t next = kNoRow;
    uint64_t last = begin;  // end of the positions that have a target
    for (uint64_t p = end; p-- > begin;) {
      const uint32_t own = out.targets[p];
      out.targets[p] = next;
      if (next != kNoRow) {
        last = std::max(last, p + 1);
        out.targetCounts[next]++;
        out.targetCount++;
      }
      if (own != kNoRow) next = own;
    }
    for (uint64_t first = begin; first < last; first += step) {
      const uint64_t stop = std::min(first + window, last);
      const uint64_t from = first == begin ? first : std::min(first + window - step, stop);
      if (from < stop) out.pieces.push_back({first, stop, from});
      if (stop == last) break;
    }
  }
  return out;
}

bool pushHistory(const SequenceConfig& config, const HistoryEvent* events, size_t count, Ragged& batch) {
  const size_t before = batch.rows();
  const HistoryEvent* last = nullptr;
  for (size_t e = firstFelt(config, events, count); e < count; e++) {
    if (!felt(config, events[e])) continue;
    batch.push(events[e].row, kindRow(config, events[e]), gapRow(config, last, events[e]));
    last = events + e;
  }
  batch.close();
  return batch.rows() > before;
}

EpochBatches::EpochBatches(const TrainingSequences& sequences, size_t batchTargets, uint64_t seed)
    : sequences_(sequences), batchTargets_(batchTargets), order_(sequences.pieces.size()) {
  std::iota(order_.begin(), order_.end(), 0u);
  Random random(seed);
  shuffle(order_, random);
}

bool EpochBatches::next(std::vector<BatchPart>& parts, size_t& used, size_t& targets) {
  used = 0;
  targets = 0;
  while (at_ < order_.size() && targets < batchTargets_) {
    if (used == 0 || parts[used - 1].events.rows() >= kPartRows) {
      if (parts.size() == used) parts.emplace_back();
      BatchPart& fresh = parts[used++];
      fresh.events.clear();
      fresh.rows.clear();
      fresh.targets.clear();
      fresh.first = targets;
    }
    BatchPart& part = parts[used - 1];
    const TrainingSequences::Piece& piece = sequences_.pieces[order_[at_++]];
    for (uint64_t p = piece.begin; p < piece.end; p++) {
      if (p >= piece.from && sequences_.targets[p] != kNoRow) {
        part.rows.push_back(static_cast<uint32_t>(part.events.rows()));
        part.targets.push_back(sequences_.targets[p]);
        targets++;
      }
      part.events.push(sequences_.items[p], sequences_.kinds[p], sequences_.gaps[p]);
    }
    part.events.close();
  }
  return used > 0;
}

}  // namespace kairank
