#pragma once
// What the sequence model reads of a shop: pieces of histories, and what each position is to predict.

#include <cstdint>
#include <vector>

#include "../../include/random.h"
#include "../dataset.h"
#include "network.h"

namespace kairank {

/// Events of all users that have an item, in one block, and the pieces they are trained in.
struct TrainingSequences {
  /// Positions begin .. end of one user; positions before `from` are context only.
  struct Piece {
    uint64_t begin;
    uint64_t end;
    uint64_t from;
  };

  std::vector<uint32_t> items, kinds, gaps;
  std::vector<uint32_t> targets;       // item of the next positive event, or kNoRow
  std::vector<Piece> pieces;           // each has a target
  std::vector<uint64_t> targetCounts;  // items: how often each is a target
  uint64_t targetCount = 0;
};

/// The smallest of 50, 100 and 200 that covers nine histories in ten.
uint32_t windowOf(const Histories& histories);

/// The next wider one, where more than this share of the histories is longer than `window`; 0 otherwise.
uint32_t widerWindow(const Histories& histories, uint32_t window, double share);

/// Kinds of the events that have an item, ascending.
std::vector<uint32_t> kindsOf(const Histories& histories);

/// Whether the events carry times: whether any two of one user differ.
bool hasTimes(const Histories& histories);

/// Longer histories become pieces of `window` that overlap by half, so that each position is predicted once, with at
/// least half a window before it.
TrainingSequences trainingSequences(const Histories& histories, const SequenceConfig& config);

/// The last events of a history, as many as can reach the last intent through all blocks. False when there are none.
bool pushHistory(const SequenceConfig& config, const HistoryEvent* events, size_t count, Ragged& batch);

/// Part of a batch that one thread takes through the network.
struct BatchPart {
  Ragged events;
  std::vector<uint32_t> rows;     // of `events` that have a target
  std::vector<uint32_t> targets;  // of these rows
  size_t first = 0;               // place of its first target in the batch
};

/// The order of an epoch's pieces, and its batches. The same seed and epoch give the same batches.
class EpochBatches {
 public:
  EpochBatches(const TrainingSequences& sequences, size_t batchTargets, uint64_t seed);

  /// The next batch of about batchTargets targets; false at the end of the epoch.
  bool next(std::vector<BatchPart>& parts, size_t& used, size_t& targets);

 private:
  const TrainingSequences& sequences_;
  const size_t batchTargets_;
  std::vector<uint32_t> order_;
  size_t at_ = 0;
};

}  // namespace kairank
