#pragma once
// The transformer forwards and backwards over a batch of ragged sequences: no padding, because histories are short on
// average. float trains and serves; double is what tests check gradients in.

#include <cstdint>
#include <vector>

#include "../../include/random.h"
#include "../../state/sequence_model.h"
#include "matrix.h"

namespace kairank {

/// Sequences one after another: sequence s owns rows offsets[s] .. offsets[s + 1]. A row is one event.
struct Ragged {
  std::vector<uint32_t> offsets{0};
  std::vector<uint32_t> items;
  std::vector<uint32_t> kinds;  // kNoEmbedding: none
  std::vector<uint32_t> gaps;   // kNoEmbedding: none

  size_t rows() const { return items.size(); }
  void clear();
  void push(uint32_t item, uint32_t kind, uint32_t gap);
  void close() { offsets.push_back(static_cast<uint32_t>(items.size())); }
};

/// What the way back needs of one block.
template <typename T>
struct BlockTrace {
  std::vector<T> attentionUnit, attentionInverse, attentionIn;
  std::vector<T> projected, weights, attended;
  std::vector<uint8_t> attentionKept;
  std::vector<T> feedUnit, feedInverse, feedIn;
  std::vector<T> wide, gate, bent;
  std::vector<uint8_t> feedKept;
};

template <typename T>
struct NetworkTrace {
  std::vector<uint8_t> inputKept;
  std::vector<T> stream;  // rows x dim: what the blocks add to
  std::vector<BlockTrace<T>> blocks;
  std::vector<T> finalUnit, finalInverse, finalOut;
  std::vector<T> pooled, poolWeights;  // of pooling: query, key and item of every row
  std::vector<uint8_t> poolKept;
  std::vector<T> out;  // rows x dim: the intents
  std::vector<T> scratch, scratchWide;
};

/// The input of every event: sqrt(dim) times its item's embedding, and those of its kind and its gap.
template <typename T>
void embed(const SequenceConfig& config, const SequenceLayout& layout, const T* weights, const Ragged& batch, T* out);

/// Fills trace.out. A dropout of 0 takes nothing from `random`. What may be rounded is for f32; double is exact.
template <typename T>
void networkForward(const SequenceConfig& config, const SequenceLayout& layout, const T* weights, const Ragged& batch,
                    double dropout, Random& random, NetworkTrace<T>& trace, Products products = Products::exact);

/// From dOut (rows x dim). Adds to dBody, the gradient of the weights from layout.body on; sets dItems (rows x dim),
/// the gradient of each row's item embedding as an input.
template <typename T>
void networkBackward(const SequenceConfig& config, const SequenceLayout& layout, const T* weights, const Ragged& batch,
                     double dropout, NetworkTrace<T>& trace, const T* dOut, T* dBody, T* dItems);

}  // namespace kairank
