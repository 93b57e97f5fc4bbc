#pragma once
// One batch: forwards, loss, backwards, and the update of the weights. Sums are taken in a fixed order, so that the
// result does not depend on the number of threads.

#include <vector>

#include "../../include/control.h"
#include "batches.h"
#include "loss.h"
#include "optimiser.h"
#include "trainer.h"

namespace kairank {

class SequenceStep {
 public:
  /// `negatives` of 0: the loss is over the whole catalogue.
  SequenceStep(const SequenceConfig& config, const SequenceLayout& layout, const SequenceSettings& settings,
               const TrainingSequences& sequences, uint32_t negatives, uint32_t threads, const Control& control);

  /// Takes the first `used` parts, `targets` targets in all, and makes the checkpoint's next step. Returns the loss.
  double run(const std::vector<BatchPart>& parts, size_t used, size_t targets, double rate, uint64_t seed,
             SequenceCheckpoint& state);

  /// Multiplications of the matrix products so far, forward and back.
  double products() const { return products_; }

 private:
  /// What one part leaves behind.
  struct Work {
    NetworkTrace<float> trace;
    std::vector<float> body;      // gradient of the weights after the items'
    std::vector<float> outGrads;  // rows x dim
    std::vector<float> items;     // rows x dim
  };

  void chooseCandidates(const std::vector<BatchPart>& parts, size_t used, size_t targets, Random& random);
  void scaleIntents(size_t targets);
  void scaleCandidates(size_t count);
  void unscaleGradients(size_t targets, size_t count);
  void addInputGradients(const std::vector<BatchPart>& parts, size_t used);
  void addBodies(size_t used);
  double gradientNorm() const;
  void update(double rate, float scale, SequenceCheckpoint& state);
  uint32_t slotOf(uint32_t item);

  const SequenceConfig& config_;
  const SequenceLayout& layout_;
  const SequenceSettings& settings_;
  const TrainingSequences& sequences_;
  const uint32_t negatives_;
  const uint32_t threads_;
  const Control& control_;

  std::vector<Work> work_;
  std::vector<float> intents_, dIntents_;  // targets x dim
  std::vector<uint32_t> targets_;          // of each intent: index into the candidates
  LossScratch loss_;
  std::vector<float> itemGradient_;  // a row a slot
  std::vector<float> bodyGradient_;
  // Sampled: the items that this batch touches, candidates first. Of the whole catalogue slots are items.
  std::vector<uint32_t> slots_;       // items
  std::vector<uint32_t> slotOfItem_;  // kNoRow: not touched
  size_t candidates_ = 0;
  double products_ = 0;
  std::vector<float> table_;  // candidates x dim
  // Where scores are cosines: what intents and candidates were multiplied by.
  std::vector<float> intentScale_, candidateScale_;
  std::vector<float> logChance_;  // candidates
};

}  // namespace kairank
