#pragma once
// The way of one request over a set of models: recall -> merge -> attention -> blend -> the k to show. Pure
// computation over plain data: the executor, the learners and the evaluation all run this same code, so that what
// is measured is what is served.

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "../include/events.h"
#include "../state/models.h"
#include "pressure.h"

namespace kairank {

struct OnlineView;

/// Which rows may be shown: bit r of words; null words mean every row below `rows`. The words of a live catalogue
/// change while they are read.
struct Eligibility {
  const std::atomic<uint64_t>* words = nullptr;
  uint32_t rows = 0;

  bool has(uint32_t row) const {
    return row < rows && (!words || ((words[row >> 6].load(std::memory_order_relaxed) >> (row & 63)) & 1));
  }
  /// Rows 64 * index ..., a bit each.
  uint64_t word(uint32_t index) const {
    if (rows <= index * 64) return 0;
    const uint64_t bits = words ? words[index].load(std::memory_order_relaxed) : ~uint64_t{0};
    return rows - index * 64 >= 64 ? bits : bits & ((uint64_t{1} << (rows - index * 64)) - 1);
  }
};

/// One question. Pointers are borrowed for the call.
struct Ask {
  const HistoryEvent* events = nullptr;  // oldest first
  size_t eventCount = 0;
  double now = 0;                 // milliseconds since 1970
  const float* intent = nullptr;  // by the sequence model, where the caller knows it already; null: from the events
  Eligibility eligible;
  const uint32_t* excluded = nullptr;  // rows never to show
  size_t excludedCount = 0;
  bool excludeSeen = true;          // rows of positive events are not shown again
  const uint32_t* given = nullptr;  // rank these and nothing else; null: recall
  size_t givenCount = 0;
  const uint32_t* added = nullptr;  // candidates beside those that are recalled
  size_t addedCount = 0;
  uint32_t k = 10;
  uint32_t candidates = 500;
  uint32_t reasons = 0;                // events to name for each item
  const OnlineView* online = nullptr;  // what feedback taught since training; null: as trained
  bool inWords = false;  // a query in words: the nearest to `content`, by content alone, and nothing to fill up
  const float* content = nullptr;  // its unit vector; null: its words are not known
  uint32_t skipped = 0;            // bits of stages to do without
};

/// What came of it; vectors keep their capacity from call to call.
struct Answer {
  std::vector<uint32_t> rows;          // best first; equal scores by row
  std::vector<double> scores;          // higher is better
  std::vector<uint32_t> sources;       // bit s: Source s scored this row
  std::vector<float> parts;            // rows x kSources: what each source added to the score
  std::vector<uint32_t> reasonEvents;  // rows x reasons: index into Ask::events, kNoEvent where fewer
  std::vector<float> reasonWeights;    // rows x reasons: share of the event in the item's attention, 0 to 1
  bool underfilled = false;            // fewer than k rows were eligible
  std::vector<float> onlineInputs;     // of the first rows, onlineWidth each, for feedback; where the ask had `online`
  std::vector<float> trained;          // their scores as trained
  uint32_t skipped = 0;                // bits of the stages that it would have had and did without
  StageTimes times;                    // what it took
};

/// Working memory of one thread, reused between calls.
struct Scratch;
struct ScratchDeleter {
  void operator()(Scratch* scratch) const;
};
using ScratchPtr = std::unique_ptr<Scratch, ScratchDeleter>;
ScratchPtr makeScratch();

/// Answers a batch of asks over one set of models; asks[i] -> answers[i]. Fills up with eligible rows by popularity,
/// then by row, when the sources found fewer than k.
void answerBatch(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch, Answer* answers);

/// A set that knows popularity alone: what an engine serves before its first training.
std::shared_ptr<const ModelSet> popularityModels(std::vector<float> popularity);

}  // namespace kairank
