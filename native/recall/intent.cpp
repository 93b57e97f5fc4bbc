#include "intent.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "../dispatch/dispatch.h"
#include "../include/status.h"

namespace kairank {

namespace {

constexpr double kNormEpsilon = 1e-6;  // as in training
constexpr float kGeluSlope = 1.702f;

void norm(const float* x, const float* gain, const float* bias, size_t dim, float* y) {
  float mean = 0;
  for (size_t d = 0; d < dim; d++) mean += x[d];
  mean /= static_cast<float>(dim);
  float square = 0;
  for (size_t d = 0; d < dim; d++) square += (x[d] - mean) * (x[d] - mean);
  const float inverse = static_cast<float>(1 / std::sqrt(square / static_cast<double>(dim) + kNormEpsilon));
  for (size_t d = 0; d < dim; d++) y[d] = gain[d] * ((x[d] - mean) * inverse) + bias[d];
}

/// y = W x + b.
void linear(const float* x, const float* weight, const float* bias, size_t in, size_t out, float* y) {
  kernels().dotF32(x, weight, in, out, in, y);
  for (size_t i = 0; i < out; i++) y[i] += bias[i];
}

void add(const float* x, float* y, size_t n) { kernels().axpyF32(1, x, y, n); }

}  // namespace

IntentEncoder::IntentEncoder(std::shared_ptr<const SequenceModel> model)
    : model_(std::move(model)), layout_(model_ ? model_->config : SequenceConfig{}) {
  if (!model_) throw Error(Status::invalidArgument, "sequence: there is no model");
  checkSequence(*model_);
  if (model_->config.cosine > 0) units_ = unitItems(model_->config, model_->weights.data());
  static std::atomic<uint64_t> made{0};
  serial_ = ++made;
}

IntentState IntentEncoder::begin() const {
  const SequenceConfig& config = model_->config;
  const size_t dim = config.dim;
  IntentState state;
  state.keys.assign(config.layers() * config.window * dim, 0.0f);
  state.values.assign(state.keys.size(), 0.0f);
  state.intent.assign(dim, 0.0f);
  return state;
}

/// Keeps key and value of the event at hand, and attends by the query to those that are kept.
void IntentEncoder::attend(size_t layer, size_t heads, const float* distance, const float* query, const float* key,
                           const float* value, IntentState& state, IntentScratch& scratch) const {
  const size_t dim = model_->config.dim;
  const size_t window = model_->config.window;
  const size_t width = dim / heads;
  const size_t slot = state.events % window;
  float* keys = state.keys.data() + layer * window * dim;
  float* values = state.values.data() + layer * window * dim;
  std::copy_n(key, dim, keys + slot * dim);
  std::copy_n(value, dim, values + slot * dim);

  const size_t count = static_cast<size_t>(std::min<uint64_t>(state.events + 1, window));
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  std::fill(scratch.attended.begin(), scratch.attended.end(), 0.0f);
  for (size_t h = 0; h < heads; h++) {
    float* scores = scratch.scores.data();
    kernels().dotF32(query + h * width, keys + h * width, dim, count, width, scores);
    const float* bias = distance + h * window;
    for (size_t s = 0; s < count; s++) scores[s] = scale * scores[s] + bias[(slot + window - s) % window];
    float largest;
    const float inverse = static_cast<float>(1 / kernels().softmaxF32(scores, count, &largest));
    for (size_t s = 0; s < count; s++) {
      kernels().axpyF32(scores[s] * inverse, values + s * dim + h * width, scratch.attended.data() + h * width, width);
    }
  }
}

void IntentEncoder::attendInBlock(size_t block, IntentState& state, IntentScratch& scratch) const {
  const BlockLayout& at = layout_.blocks[block];
  const float* weights = model_->weights.data();
  const size_t dim = model_->config.dim;
  norm(scratch.stream.data(), weights + at.attentionGain, weights + at.attentionBias, dim, scratch.normed.data());
  linear(scratch.normed.data(), weights + at.projection, weights + at.projectionBias, dim, 3 * dim,
         scratch.projected.data());
  const float* query = scratch.projected.data();
  attend(block, model_->config.heads, weights + at.distance, query, query + dim, query + 2 * dim, state, scratch);
  linear(scratch.attended.data(), weights + at.output, weights + at.outputBias, dim, dim, scratch.added.data());
  add(scratch.added.data(), scratch.stream.data(), dim);
}

/// The mean of the items of the events that are kept, as the blocks' last words weigh them.
void IntentEncoder::pool(const HistoryEvent& event, IntentState& state, IntentScratch& scratch) const {
  const SequenceConfig& config = model_->config;
  const float* weights = model_->weights.data();
  const size_t dim = config.dim;
  linear(state.intent.data(), weights + layout_.pool, weights + layout_.poolBias, dim, 2 * dim,
         scratch.projected.data());
  std::fill(scratch.added.begin(), scratch.added.end(), 0.0f);
  kernels().axpyF32(std::sqrt(static_cast<float>(dim)), model_->item(event.row), scratch.added.data(), dim);
  const float* query = scratch.projected.data();
  attend(config.blocks, 1, weights + layout_.poolDistance, query, query + dim, scratch.added.data(), state, scratch);
  std::copy(scratch.attended.begin(), scratch.attended.end(), state.intent.begin());
}

void IntentEncoder::feed(const BlockLayout& at, IntentScratch& scratch) const {
  const SequenceConfig& config = model_->config;
  const float* weights = model_->weights.data();
  const size_t dim = config.dim;
  const size_t hidden = config.hidden;
  norm(scratch.stream.data(), weights + at.feedGain, weights + at.feedBias, dim, scratch.normed.data());
  linear(scratch.normed.data(), weights + at.widen, weights + at.widenBias, dim, hidden, scratch.wide.data());
  for (size_t i = 0; i < hidden; i++) scratch.wide[i] /= 1 + std::exp(-kGeluSlope * scratch.wide[i]);
  linear(scratch.wide.data(), weights + at.narrow, weights + at.narrowBias, hidden, dim, scratch.added.data());
  add(scratch.added.data(), scratch.stream.data(), dim);
}

void IntentEncoder::push(IntentState& state, const HistoryEvent& event, IntentScratch& scratch) const {
  const SequenceConfig& config = model_->config;
  if (!felt(config, event)) return;
  const size_t dim = config.dim;
  const float* weights = model_->weights.data();
  scratch.stream.assign(dim, 0.0f);
  scratch.normed.resize(dim);
  scratch.projected.resize(3 * dim);
  scratch.attended.resize(dim);
  scratch.scores.resize(config.window);
  scratch.wide.resize(config.hidden);
  scratch.added.resize(dim);
  kernels().axpyF32(std::sqrt(static_cast<float>(dim)), model_->item(event.row), scratch.stream.data(), dim);
  const uint32_t kind = kindRow(config, event);
  const uint32_t gap = gapRow(config, state.events > 0 ? &state.last : nullptr, event);
  if (kind != kNoEmbedding) add(weights + layout_.kinds + kind * dim, scratch.stream.data(), dim);
  if (gap != kNoEmbedding) add(weights + layout_.gaps + gap * dim, scratch.stream.data(), dim);
  for (uint32_t b = 0; b < config.blocks; b++) {
    attendInBlock(b, state, scratch);
    feed(layout_.blocks[b], scratch);
  }
  norm(scratch.stream.data(), weights + layout_.finalGain, weights + layout_.finalBias, dim, state.intent.data());
  if (config.pooled) pool(event, state, scratch);
  if (config.cosine > 0) scaleTo(config.cosine, state.intent.data(), dim);
  state.events++;
  state.last = event;
}

bool IntentEncoder::encode(const HistoryEvent* events, size_t count, IntentScratch& scratch, float* intent) const {
  scratch.state = begin();
  for (size_t e = firstFelt(model_->config, events, count); e < count; e++) push(scratch.state, events[e], scratch);
  std::copy(scratch.state.intent.begin(), scratch.state.intent.end(), intent);
  return scratch.state.events > 0;
}

}  // namespace kairank
