#include "network.h"

#include <cmath>

#include "attention.h"
#include "dropout.h"
#include "gelu.h"
#include "linear.h"
#include "norm.h"

namespace kairank {

void Ragged::clear() {
  offsets.assign(1, 0);
  items.clear();
  kinds.clear();
  gaps.clear();
}

void Ragged::push(uint32_t item, uint32_t kind, uint32_t gap) {
  items.push_back(item);
  kinds.push_back(kind);
  gaps.push_back(gap);
}

namespace {

/// sqrt(dim) times an item's embedding.
template <typename T>
void embedItem(const SequenceConfig& config, const T* weights, uint32_t item, T* out) {
  const size_t dim = config.dim;
  const T scale = std::sqrt(static_cast<T>(dim));
  for (size_t d = 0; d < dim; d++) out[d] = scale * weights[item * dim + d];
}

}  // namespace

template <typename T>
void embed(const SequenceConfig& config, const SequenceLayout& layout, const T* weights, const Ragged& batch, T* out) {
  const size_t dim = config.dim;
  for (size_t i = 0; i < batch.rows(); i++, out += dim) {
    embedItem(config, weights, batch.items[i], out);
    if (batch.kinds[i] != kNoEmbedding) addScaled(T(1), weights + layout.kinds + batch.kinds[i] * dim, out, dim);
    if (batch.gaps[i] != kNoEmbedding) addScaled(T(1), weights + layout.gaps + batch.gaps[i] * dim, out, dim);
  }
}

namespace {

template <typename T>
void blockForward(const SequenceConfig& config, const BlockLayout& at, const T* weights, const AttentionShape& shape,
                  double dropout, Random& random, Products products, BlockTrace<T>& trace, std::vector<T>& stream,
                  std::vector<T>& scratch) {
  const size_t dim = config.dim;
  const size_t rows = stream.size() / dim;
  trace.attentionUnit.resize(rows * dim);
  trace.attentionInverse.resize(rows);
  trace.attentionIn.resize(rows * dim);
  trace.projected.resize(rows * 3 * dim);
  trace.attended.resize(rows * dim);
  trace.weights.resize(attentionWeights(shape));
  scratch.resize(rows * dim);
  normForward(stream.data(), weights + at.attentionGain, weights + at.attentionBias, rows, dim,
              trace.attentionIn.data(), trace.attentionUnit.data(), trace.attentionInverse.data());
  linearForward(trace.attentionIn.data(), weights + at.projection, weights + at.projectionBias, rows, dim, 3 * dim,
                trace.projected.data(), products);
  attentionForward(shape, trace.projected.data(), weights + at.distance, trace.attended.data(), trace.weights.data());
  linearForward(trace.attended.data(), weights + at.output, weights + at.outputBias, rows, dim, dim, scratch.data(),
                products);
  dropoutForward(scratch.data(), rows * dim, dropout, random, trace.attentionKept);
  addScaled(T(1), scratch.data(), stream.data(), rows * dim);

  const size_t hidden = config.hidden;
  trace.feedUnit.resize(rows * dim);
  trace.feedInverse.resize(rows);
  trace.feedIn.resize(rows * dim);
  trace.wide.resize(rows * hidden);
  trace.gate.resize(rows * hidden);
  trace.bent.resize(rows * hidden);
  normForward(stream.data(), weights + at.feedGain, weights + at.feedBias, rows, dim, trace.feedIn.data(),
              trace.feedUnit.data(), trace.feedInverse.data());
  linearForward(trace.feedIn.data(), weights + at.widen, weights + at.widenBias, rows, dim, hidden, trace.wide.data(),
                products);
  geluForward(trace.wide.data(), rows * hidden, trace.bent.data(), trace.gate.data());
  linearForward(trace.bent.data(), weights + at.narrow, weights + at.narrowBias, rows, hidden, dim, scratch.data(),
                products);
  dropoutForward(scratch.data(), rows * dim, dropout, random, trace.feedKept);
  addScaled(T(1), scratch.data(), stream.data(), rows * dim);
}

/// `d` is the gradient of the block's output, and becomes that of its input.
template <typename T>
void blockBackward(const SequenceConfig& config, const BlockLayout& at, size_t body, const T* weights,
                   const AttentionShape& shape, double dropout, const BlockTrace<T>& trace, T* dBody, std::vector<T>& d,
                   std::vector<T>& scratch, std::vector<T>& wide) {
  const size_t dim = config.dim;
  const size_t hidden = config.hidden;
  const size_t rows = d.size() / dim;
  const auto gradient = [&](size_t offset) { return dBody + (offset - body); };

  std::vector<T> branch = d;
  dropoutBackward(branch.data(), rows * dim, dropout, trace.feedKept);
  wide.resize(rows * hidden);
  linearBackward(trace.bent.data(), weights + at.narrow, branch.data(), rows, hidden, dim, wide.data(),
                 gradient(at.narrow), gradient(at.narrowBias));
  geluBackward(trace.wide.data(), trace.gate.data(), rows * hidden, wide.data());
  scratch.resize(rows * dim);
  linearBackward(trace.feedIn.data(), weights + at.widen, wide.data(), rows, dim, hidden, scratch.data(),
                 gradient(at.widen), gradient(at.widenBias));
  normBackward(trace.feedUnit.data(), trace.feedInverse.data(), weights + at.feedGain, scratch.data(), rows, dim,
               d.data(), gradient(at.feedGain), gradient(at.feedBias));

  branch = d;
  dropoutBackward(branch.data(), rows * dim, dropout, trace.attentionKept);
  linearBackward(trace.attended.data(), weights + at.output, branch.data(), rows, dim, dim, scratch.data(),
                 gradient(at.output), gradient(at.outputBias));
  wide.resize(rows * 3 * dim);
  attentionBackward(shape, trace.projected.data(), trace.weights.data(), scratch.data(), wide.data(),
                    gradient(at.distance));
  linearBackward(trace.attentionIn.data(), weights + at.projection, wide.data(), rows, dim, 3 * dim, scratch.data(),
                 gradient(at.projection), gradient(at.projectionBias));
  normBackward(trace.attentionUnit.data(), trace.attentionInverse.data(), weights + at.attentionGain, scratch.data(),
               rows, dim, d.data(), gradient(at.attentionGain), gradient(at.attentionBias));
}

/// The mean of the items of an event and of those before it, by one head of attention over what the blocks made of
/// them.
template <typename T>
void poolForward(const SequenceConfig& config, const SequenceLayout& layout, const T* weights, const Ragged& batch,
                 double dropout, Random& random, Products products, NetworkTrace<T>& trace) {
  const size_t dim = config.dim;
  const size_t rows = batch.rows();
  const AttentionShape shape{batch.offsets, dim, 1, config.window};
  trace.scratch.resize(rows * 2 * dim);
  trace.pooled.resize(rows * 3 * dim);
  trace.poolWeights.resize(attentionWeights(shape));
  linearForward(trace.finalOut.data(), weights + layout.pool, weights + layout.poolBias, rows, dim, 2 * dim,
                trace.scratch.data(), products);
  trace.out.resize(rows * dim);
  for (size_t i = 0; i < rows; i++) embedItem(config, weights, batch.items[i], trace.out.data() + i * dim);
  dropoutForward(trace.out.data(), rows * dim, dropout, random, trace.poolKept);
  for (size_t i = 0; i < rows; i++) {
    std::copy_n(trace.scratch.data() + i * 2 * dim, 2 * dim, trace.pooled.data() + i * 3 * dim);
    std::copy_n(trace.out.data() + i * dim, dim, trace.pooled.data() + i * 3 * dim + 2 * dim);
  }
  attentionForward(shape, trace.pooled.data(), weights + layout.poolDistance, trace.out.data(),
                   trace.poolWeights.data());
}

/// Sets dFinal, the gradient of what the blocks made, and dItems.
template <typename T>
void poolBackward(const SequenceConfig& config, const SequenceLayout& layout, const T* weights, const Ragged& batch,
                  double dropout, NetworkTrace<T>& trace, const T* dOut, T* dBody, std::vector<T>& dFinal, T* dItems) {
  const size_t dim = config.dim;
  const size_t rows = batch.rows();
  const AttentionShape shape{batch.offsets, dim, 1, config.window};
  std::vector<T>& d = trace.scratchWide;
  d.resize(rows * 3 * dim);
  attentionBackward(shape, trace.pooled.data(), trace.poolWeights.data(), dOut, d.data(),
                    dBody + (layout.poolDistance - layout.body));
  trace.scratch.resize(rows * 2 * dim);
  for (size_t i = 0; i < rows; i++) {
    std::copy_n(d.data() + i * 3 * dim, 2 * dim, trace.scratch.data() + i * 2 * dim);
    std::copy_n(d.data() + i * 3 * dim + 2 * dim, dim, dItems + i * dim);
  }
  dropoutBackward(dItems, rows * dim, dropout, trace.poolKept);
  const T scale = std::sqrt(static_cast<T>(dim));
  for (size_t i = 0; i < rows * dim; i++) dItems[i] *= scale;
  dFinal.resize(rows * dim);
  linearBackward(trace.finalOut.data(), weights + layout.pool, trace.scratch.data(), rows, dim, 2 * dim, dFinal.data(),
                 dBody + (layout.pool - layout.body), dBody + (layout.poolBias - layout.body));
}

}  // namespace

template <typename T>
void networkForward(const SequenceConfig& config, const SequenceLayout& layout, const T* weights, const Ragged& batch,
                    double dropout, Random& random, NetworkTrace<T>& trace, Products products) {
  const size_t dim = config.dim;
  const size_t rows = batch.rows();
  const AttentionShape shape{batch.offsets, dim, config.heads, config.window};
  trace.stream.resize(rows * dim);
  embed(config, layout, weights, batch, trace.stream.data());
  dropoutForward(trace.stream.data(), rows * dim, dropout, random, trace.inputKept);
  trace.blocks.resize(config.blocks);
  for (uint32_t b = 0; b < config.blocks; b++) {
    blockForward(config, layout.blocks[b], weights, shape, dropout, random, products, trace.blocks[b], trace.stream,
                 trace.scratch);
  }
  std::vector<T>& last = config.pooled ? trace.finalOut : trace.out;
  last.resize(rows * dim);
  trace.finalUnit.resize(rows * dim);
  trace.finalInverse.resize(rows);
  normForward(trace.stream.data(), weights + layout.finalGain, weights + layout.finalBias, rows, dim, last.data(),
              trace.finalUnit.data(), trace.finalInverse.data());
  if (config.pooled) poolForward(config, layout, weights, batch, dropout, random, products, trace);
}

template <typename T>
void networkBackward(const SequenceConfig& config, const SequenceLayout& layout, const T* weights, const Ragged& batch,
                     double dropout, NetworkTrace<T>& trace, const T* dOut, T* dBody, T* dItems) {
  const size_t dim = config.dim;
  const size_t rows = batch.rows();
  const AttentionShape shape{batch.offsets, dim, config.heads, config.window};
  std::vector<T>& d = trace.stream;
  d.assign(rows * dim, T(0));
  std::fill_n(dItems, rows * dim, T(0));
  std::vector<T> dFinal;
  if (config.pooled) {
    poolBackward(config, layout, weights, batch, dropout, trace, dOut, dBody, dFinal, dItems);
    dOut = dFinal.data();
  }
  normBackward(trace.finalUnit.data(), trace.finalInverse.data(), weights + layout.finalGain, dOut, rows, dim, d.data(),
               dBody + (layout.finalGain - layout.body), dBody + (layout.finalBias - layout.body));
  for (uint32_t b = config.blocks; b-- > 0;) {
    blockBackward(config, layout.blocks[b], layout.body, weights, shape, dropout, trace.blocks[b], dBody, d,
                  trace.scratch, trace.scratchWide);
  }
  dropoutBackward(d.data(), rows * dim, dropout, trace.inputKept);
  const T scale = std::sqrt(static_cast<T>(dim));
  for (size_t i = 0; i < rows; i++) {
    const T* from = d.data() + i * dim;
    if (batch.kinds[i] != kNoEmbedding) {
      addScaled(T(1), from, dBody + (layout.kinds - layout.body) + batch.kinds[i] * dim, dim);
    }
    if (batch.gaps[i] != kNoEmbedding) {
      addScaled(T(1), from, dBody + (layout.gaps - layout.body) + batch.gaps[i] * dim, dim);
    }
    addScaled(scale, from, dItems + i * dim, dim);
  }
}

template void embed(const SequenceConfig&, const SequenceLayout&, const float*, const Ragged&, float*);
template void embed(const SequenceConfig&, const SequenceLayout&, const double*, const Ragged&, double*);
template void networkForward(const SequenceConfig&, const SequenceLayout&, const float*, const Ragged&, double, Random&,
                             NetworkTrace<float>&, Products);
template void networkForward(const SequenceConfig&, const SequenceLayout&, const double*, const Ragged&, double,
                             Random&, NetworkTrace<double>&, Products);
template void networkBackward(const SequenceConfig&, const SequenceLayout&, const float*, const Ragged&, double,
                              NetworkTrace<float>&, const float*, float*, float*);
template void networkBackward(const SequenceConfig&, const SequenceLayout&, const double*, const Ragged&, double,
                              NetworkTrace<double>&, const double*, double*, double*);

}  // namespace kairank
