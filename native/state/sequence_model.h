#pragma once
// A causal transformer over a shopper's last events (SASRec, Kang & McAuley 2018): its shape and its weights, which lie
// in one array under names, so that a bundle can write them as they are.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../include/events.h"

namespace kairank {

/// An event is seen by the sum of three embeddings: its item's, its kind's (event type and sign, where there is more
/// than one), and that of the time since the event before it (where `gaps` is not 0). Where an event stands is told by
/// a learned bias of attention for each distance, not by a number of its own: so what is cached of an event stays true
/// when others follow it.
struct SequenceConfig {
  uint32_t items = 0;
  uint32_t dim = 64;
  uint32_t blocks = 2;
  uint32_t heads = 2;           // dim is a multiple of it
  uint32_t hidden = 256;        // width of the feed-forward layers
  uint32_t window = 50;         // events that one event attends to, itself among them
  uint32_t gaps = 0;            // buckets of log2 seconds; 0: times are not used
  float cosine = 0;             // scores are cosines times this; 0: inner products
  bool pooled = false;          // an intent is a weighted mean of the events' own items (Hou et al. 2022, "CORE")
  std::vector<uint32_t> kinds;  // kindOf of the events that training saw, ascending; one or none: not used

  /// Layers of attention.
  size_t layers() const { return static_cast<size_t>(blocks) + pooled; }
};

/// @throws Error(invalidArgument) on a config out of range.
void checkConfig(const SequenceConfig& config);

/// The type of an event and the sign of its weight in one number.
inline uint32_t kindOf(const HistoryEvent& event) {
  const uint32_t sign = event.weight > 0 ? 2 : event.weight < 0 ? 0 : 1;
  return static_cast<uint32_t>(event.type) * 3 + sign;
}

constexpr uint32_t kNoEmbedding = 0xFFFFFFFFu;

/// Row of an event's kind in the table of kinds; kNoEmbedding where kinds are not used or this one is new.
uint32_t kindRow(const SequenceConfig& config, const HistoryEvent& event);

/// Row of the time between two events (milliseconds); kNoEmbedding where times are not used. `before` is null for the
/// first event.
uint32_t gapRow(const SequenceConfig& config, const HistoryEvent* before, const HistoryEvent& event);

/// Whether the sequence model hears of an event: of a known item, and for or against it. What a shopper was merely
/// shown says more of the shop than of them, and would take up the window.
inline bool felt(const SequenceConfig& config, const HistoryEvent& event) {
  return event.row < config.items && event.weight != 0;
}

/// The first of these events, oldest first, that the intent after the last can depend on: each layer of attention
/// reaches a window further back, and the time since the event before counts, too.
size_t firstFelt(const SequenceConfig& config, const HistoryEvent* events, size_t count);

/// A named part of the weights: rows x columns from `offset` on (rows of 1: a vector).
struct SequenceTensor {
  std::string name;
  size_t rows;
  size_t columns;
  size_t offset;
};

/// Offsets of one block's tensors.
struct BlockLayout {
  size_t attentionGain, attentionBias;  // dim: norm before attention
  size_t projection, projectionBias;    // 3 dim x dim, 3 dim: queries, keys, values
  size_t distance;                      // heads x window: bias of attention by events between
  size_t output, outputBias;            // dim x dim, dim
  size_t feedGain, feedBias;            // dim: norm before the feed-forward layer
  size_t widen, widenBias;              // hidden x dim, hidden
  size_t narrow, narrowBias;            // dim x hidden, dim
};

/// Where everything lies. The items' embeddings come first: items x dim, tied with the output.
struct SequenceLayout {
  explicit SequenceLayout(const SequenceConfig& config);

  size_t kinds = 0;  // kinds x dim
  size_t gaps = 0;   // gaps x dim
  std::vector<BlockLayout> blocks;
  size_t finalGain = 0, finalBias = 0;  // dim: norm after the last block
  size_t pool = 0, poolBias = 0;        // 2 dim x dim, 2 dim: queries and keys of pooling, where there is any
  size_t poolDistance = 0;              // window: its bias by events between
  size_t body = 0;                      // end of the items' embeddings
  size_t size = 0;
  std::vector<SequenceTensor> tensors;
};

struct SequenceModel {
  SequenceConfig config;
  std::vector<float> weights;  // as SequenceLayout has it

  /// An item's embedding as an input.
  const float* item(uint32_t row) const { return weights.data() + static_cast<size_t>(row) * config.dim; }
};

/// Scales a vector to a length; zeros stay. Returns the factor.
float scaleTo(float length, float* vector, size_t dim);

/// The items' embeddings at unit length, items x dim: what scores are taken with where they are cosines.
std::vector<float> unitItems(const SequenceConfig& config, const float* weights);

/// Checks the config, the number of weights and that all are finite, wherever they come from.
/// @throws Error(invalidArgument)
void checkSequence(const SequenceModel& model);

}  // namespace kairank
