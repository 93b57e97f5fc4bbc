#include "step.h"

#include <algorithm>
#include <cmath>

#include "../../include/parallel.h"
#include "cosine.h"
#include "matrix.h"

namespace kairank {

namespace {

constexpr size_t kSlotChunk = 1024;
constexpr size_t kBodyChunk = 8192;

double squares(const std::vector<float>& values) {
  double total = 0;
  for (size_t base = 0; base < values.size(); base += 4096) {
    const size_t count = std::min<size_t>(4096, values.size() - base);
    total += dotProduct(values.data() + base, values.data() + base, count);
  }
  return total;
}

}  // namespace

SequenceStep::SequenceStep(const SequenceConfig& config, const SequenceLayout& layout, const SequenceSettings& settings,
                           const TrainingSequences& sequences, uint32_t negatives, uint32_t threads,
                           const Control& control)
    : config_(config),
      layout_(layout),
      settings_(settings),
      sequences_(sequences),
      negatives_(negatives),
      threads_(std::max(1u, threads)),
      control_(control) {
  bodyGradient_.resize(layout.size - layout.body);
  if (negatives_ > 0) slotOfItem_.assign(config.items, kNoRow);
}

uint32_t SequenceStep::slotOf(uint32_t item) {
  if (negatives_ == 0) return item;
  uint32_t& slot = slotOfItem_[item];
  if (slot == kNoRow) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.push_back(item);
  }
  return slot;
}

/// The batch's own targets and `negatives` items of the catalogue, with the chance of each to be among them: of an
/// item drawn by neither way (1 - share of targets)^targets * (1 - share drawn).
void SequenceStep::chooseCandidates(const std::vector<BatchPart>& parts, size_t used, size_t targets, Random& random) {
  const size_t dim = config_.dim;
  for (const uint32_t item : slots_) slotOfItem_[item] = kNoRow;
  slots_.clear();
  for (size_t p = 0; p < used; p++) {
    for (const uint32_t target : parts[p].targets) slotOf(target);
  }
  for (uint32_t n = 0; n < negatives_; n++) slotOf(static_cast<uint32_t>(random.below(config_.items)));
  candidates_ = slots_.size();
  table_.resize(candidates_ * dim);
  logChance_.resize(candidates_);
  const double missed = negatives_ * std::log1p(-1.0 / config_.items);
  for (size_t c = 0; c < candidates_; c++) {
    const double share =
        static_cast<double>(sequences_.targetCounts[slots_[c]]) / static_cast<double>(sequences_.targetCount);
    const double absent = missed + static_cast<double>(targets) * std::log1p(-std::min(share, 0.999999));
    logChance_[c] = static_cast<float>(std::log(-std::expm1(absent)));
  }
}

void SequenceStep::scaleIntents(size_t targets) {
  const size_t dim = config_.dim;
  intentScale_.resize(targets);
  for (size_t i = 0; i < targets; i++) intentScale_[i] = scaleTo(config_.cosine, intents_.data() + i * dim, dim);
}

void SequenceStep::scaleCandidates(size_t count) {
  const size_t dim = config_.dim;
  candidateScale_.resize(count);
  parallelFor(threads_, count, kSlotChunk, control_, [&](size_t, size_t begin, size_t end) {
    for (size_t c = begin; c < end; c++) candidateScale_[c] = scaleTo(1, table_.data() + c * dim, dim);
  });
}

void SequenceStep::unscaleGradients(size_t targets, size_t count) {
  const size_t dim = config_.dim;
  for (size_t i = 0; i < targets; i++) {
    unscaleGradient(intents_.data() + i * dim, config_.cosine, intentScale_[i], dIntents_.data() + i * dim, dim);
  }
  parallelFor(threads_, count, kSlotChunk, control_, [&](size_t, size_t begin, size_t end) {
    for (size_t c = begin; c < end; c++) {
      unscaleGradient(table_.data() + c * dim, 1.0f, candidateScale_[c], itemGradient_.data() + c * dim, dim);
    }
  });
}

void SequenceStep::addInputGradients(const std::vector<BatchPart>& parts, size_t used) {
  const size_t dim = config_.dim;
  for (size_t p = 0; p < used; p++) {
    const std::vector<uint32_t>& items = parts[p].events.items;
    for (size_t i = 0; i < items.size(); i++) {
      const size_t slot = slotOf(items[i]);
      if (itemGradient_.size() < (slot + 1) * dim) itemGradient_.resize((slot + 1) * dim, 0.0f);
      addScaled(1.0f, work_[p].items.data() + i * dim, itemGradient_.data() + slot * dim, dim);
    }
  }
}

void SequenceStep::addBodies(size_t used) {
  parallelFor(threads_, bodyGradient_.size(), kBodyChunk, control_, [&](size_t, size_t begin, size_t end) {
    std::fill(bodyGradient_.begin() + begin, bodyGradient_.begin() + end, 0.0f);
    for (size_t p = 0; p < used; p++) {
      addScaled(1.0f, work_[p].body.data() + begin, bodyGradient_.data() + begin, end - begin);
    }
  });
}

double SequenceStep::gradientNorm() const { return std::sqrt(squares(itemGradient_) + squares(bodyGradient_)); }

void SequenceStep::update(double rate, float scale, SequenceCheckpoint& state) {
  const size_t dim = config_.dim;
  AdamSettings adam;
  adam.rate = rate;
  adam.decay = settings_.decay;
  const size_t slots = itemGradient_.size() / dim;
  parallelFor(threads_, slots, kSlotChunk, control_, [&](size_t, size_t begin, size_t end) {
    if (negatives_ == 0) {
      adamStep(adam, state.steps, scale, itemGradient_.data() + begin * dim, begin * dim, (end - begin) * dim,
               state.weights, state.adam);
      return;
    }
    for (size_t slot = begin; slot < end; slot++) {
      adamStep(adam, state.steps, scale, itemGradient_.data() + slot * dim, slots_[slot] * dim, dim, state.weights,
               state.adam);
    }
  });
  parallelFor(threads_, layout_.tensors.size(), 1, control_, [&](size_t, size_t t, size_t) {
    const SequenceTensor& tensor = layout_.tensors[t];
    if (tensor.offset < layout_.body) return;
    AdamSettings own = adam;
    if (tensor.rows == 1) own.decay = 0;  // gains and biases are not drawn to 0
    adamStep(own, state.steps, scale, bodyGradient_.data() + (tensor.offset - layout_.body), tensor.offset,
             tensor.rows * tensor.columns, state.weights, state.adam);
  });
}

double SequenceStep::run(const std::vector<BatchPart>& parts, size_t used, size_t targets, double rate, uint64_t seed,
                         SequenceCheckpoint& state) {
  const size_t dim = config_.dim;
  const float* weights = state.weights.data();
  Random random(seed);
  const uint64_t partSeed = random.next();
  if (work_.size() < used) work_.resize(used);
  intents_.resize(targets * dim);
  dIntents_.resize(targets * dim);
  targets_.resize(targets);
  if (negatives_ > 0) chooseCandidates(parts, used, targets, random);

  parallelFor(threads_, used, 1, control_, [&](size_t, size_t p, size_t) {
    const BatchPart& part = parts[p];
    Random own(partSeed + p * 0x9E3779B97F4A7C15ull);
    networkForward(config_, layout_, weights, part.events, settings_.dropout, own, work_[p].trace, Products::rounded);
    for (size_t i = 0; i < part.rows.size(); i++) {
      std::copy_n(work_[p].trace.out.data() + part.rows[i] * dim, dim, intents_.data() + (part.first + i) * dim);
      targets_[part.first + i] = negatives_ > 0 ? slotOfItem_[part.targets[i]] : part.targets[i];
    }
  });

  if (config_.cosine > 0) scaleIntents(targets);
  LossTask task{intents_.data(),
                targets,
                dim,
                weights,
                config_.items,
                nullptr,
                targets_.data(),
                static_cast<float>(settings_.smoothing),
                Products::rounded};
  if (negatives_ > 0) {
    for (size_t c = 0; c < candidates_; c++) std::copy_n(weights + slots_[c] * dim, dim, table_.data() + c * dim);
    task.candidates = table_.data();
    task.count = candidates_;
    task.logChance = logChance_.data();
  }
  if (config_.cosine > 0) {
    if (negatives_ == 0) table_.assign(weights, weights + task.count * dim);
    task.candidates = table_.data();
    scaleCandidates(task.count);
  }
  // Each matrix is multiplied once forward and twice back: by what came in, and by itself.
  double weightsAtRow = 0;
  for (const SequenceTensor& tensor : layout_.tensors) {
    if (tensor.offset >= layout_.blocks[0].attentionGain && tensor.rows > config_.heads) {
      weightsAtRow += static_cast<double>(tensor.rows * tensor.columns);
    }
  }
  for (size_t p = 0; p < used; p++) products_ += 3 * weightsAtRow * static_cast<double>(parts[p].events.rows());
  products_ += 3.0 * static_cast<double>(targets * task.count * dim);
  itemGradient_.resize(task.count * dim);
  const double loss = softmaxLoss(task, threads_, control_, loss_, dIntents_.data(), itemGradient_.data());

  if (config_.cosine > 0) unscaleGradients(targets, task.count);

  parallelFor(threads_, used, 1, control_, [&](size_t, size_t p, size_t) {
    const BatchPart& part = parts[p];
    Work& work = work_[p];
    work.body.assign(bodyGradient_.size(), 0.0f);
    work.outGrads.assign(part.events.rows() * dim, 0.0f);
    work.items.resize(part.events.rows() * dim);
    for (size_t i = 0; i < part.rows.size(); i++) {
      std::copy_n(dIntents_.data() + (part.first + i) * dim, dim, work.outGrads.data() + part.rows[i] * dim);
    }
    networkBackward(config_, layout_, weights, part.events, settings_.dropout, work.trace, work.outGrads.data(),
                    work.body.data(), work.items.data());
  });
  addInputGradients(parts, used);
  addBodies(used);
  const double norm = gradientNorm();
  const double scale = norm > settings_.clip ? settings_.clip / norm : 1;
  // A batch whose numbers ran over teaches nothing.
  if (!std::isfinite(norm)) return loss;
  state.steps++;
  update(rate, static_cast<float>(scale), state);
  return loss;
}

}  // namespace kairank
