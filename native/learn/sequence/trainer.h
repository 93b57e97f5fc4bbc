#pragma once
// Trains the sequence model: a causal transformer (Kang & McAuley 2018) with softmax cross-entropy over the catalogue,
// or over a sample of it (Petrov & Macdonald 2023; Klenitskiy & Vasilev 2023: the loss is what made the difference).

#include <memory>
#include <string>

#include "../../include/control.h"
#include "../../state/sequence_model.h"
#include "../dataset.h"
#include "../metrics.h"
#include "optimiser.h"

namespace kairank {

/// The defaults are what validation chose on one shop's data, of the few that were tried.
struct SequenceSettings {
  uint32_t dim = 64;
  uint32_t blocks = 2;
  uint32_t heads = 2;
  uint32_t hidden = 128;
  uint32_t window = 0;  // 0: the smallest of 50, 100, 200 that covers nine histories in ten
  bool times = true;    // use the time between events where there are times
  double dropout = 0.5;
  double rate = 4e-3;
  double decay = 0;      // of the weights, as AdamW has it
  double smoothing = 0;  // of labels
  double cosine = -1;  // scores are cosines times this (Gupta et al. 2019, "NISER"); 0: inner products; below 0: chosen
  double pooled = -1;  // 1: an intent is a mean of the events' own items (Hou et al. 2022, "CORE"); below 0: chosen
  double clip = 5;     // largest norm of a batch's gradient
  uint32_t warmUp = 100;   // batches until the rate is whole
  uint32_t batch = 512;    // targets of a batch
  uint32_t negatives = 0;  // sampled items a batch, all where there are no more; 0: 2560 above 4096 items, else all
  uint32_t epochs = 0;     // over which the rate falls to nothing; 0: chosen by the number of batches
  uint32_t until = 0;      // the last epoch to train, wherever the rate stands; 0: all of them
  uint32_t patience = 6;   // epochs without a better NDCG@10 before training ends
  uint32_t cases = 5000;   // validation cases looked at after an epoch
};

/// The settings by name, as trials and bundles write them.
std::vector<std::pair<std::string, double>> named(const SequenceSettings& settings);

/// @throws Error(invalidArgument) on a setting out of range.
void checkSettings(const SequenceSettings& settings);

struct SequenceEpoch {
  double loss = 0;
  double ndcg = 0;
  double recall = 0;
  double seconds = 0;   // of training, validation not counted
  double products = 0;  // multiplications of matrix products in them
};

/// All that a training needs to go on as if it had never stopped.
struct SequenceCheckpoint {
  std::vector<float> weights;
  AdamState adam;
  uint64_t steps = 0;
  uint32_t epoch = 0;
  std::vector<float> best;  // weights of the best epoch
  double bestNdcg = -1;
  double bestRecall = 0;
  uint32_t bestEpoch = 0;
  uint32_t waited = 0;  // epochs since the best
};

struct SequenceReport {
  std::vector<SequenceEpoch> epochs;  // of this run
  uint32_t resumed = 0;               // epochs that a run before had trained
  uint32_t bestEpoch = 0;             // 1: the first
  double ndcg = 0;                    // NDCG@10 on the validation cases looked at; 0 without any
  double recall = 0;
  double seconds = 0;
  uint32_t negatives = 0;  // sampled items a batch; 0: full softmax
  bool outOfTime = false;
};

/// How a training is run, which does not change what comes of it unless the budget ends it.
struct SequenceRun {
  uint64_t seed = 1;
  uint32_t threads = 1;
  bool excludeSeen = true;  // in validation
  double budget = 0;        // seconds; 0 or less: no limit
  std::string checkpoint;   // file to go on from and to keep the state in while training takes long; empty: none
  double saveEvery = 10;    // seconds of training that may be lost
};

struct LearnedSequence {
  std::shared_ptr<const SequenceModel> sequence;
  std::vector<Trial> trials;  // short trainings that chose the settings
  SequenceSettings settings;  // with what was chosen in place of zeros: training anew by them takes as many epochs
  SequenceReport report;
};

/// The best weights by validation NDCG@10 (the last ones when there are no cases).
/// @throws Error(aborted) when cancelled; Error(invalidArgument) when there is nothing to learn from; Error(io) when
/// the checkpoint cannot be written.
LearnedSequence learnSequence(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run,
                              Control& control);

/// The same in steps.
class SequenceTrainer {
 public:
  /// Of `run`, the budget and the checkpoint are for `within` and `resume`.
  SequenceTrainer(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run, Control& control);
  ~SequenceTrainer();

  /// Time that training may take from now on. The first batches tell how many epochs that allows: fewer than planned,
  /// and the rate falls faster, so that it has fallen when time is over.
  void within(double seconds);

  /// Trains an epoch, or what there is time for, and looks at the validation cases.
  SequenceEpoch epoch();
  /// Whether another epoch is of no use, or there is no time for it.
  bool finished() const;
  bool outOfTime() const;
  /// Epochs over which the rate falls, the last one perhaps in part.
  uint32_t planned() const;

  const SequenceCheckpoint& checkpoint() const;
  /// Of the best weights so far, on the validation cases that are looked at.
  std::vector<CaseQuality> qualities() const;
  /// Goes on from a checkpoint of a trainer with the same data, settings and seed.
  /// @throws Error(invalidArgument) when its sizes do not fit.
  void resume(SequenceCheckpoint checkpoint);

  uint32_t negatives() const;
  const SequenceConfig& config() const;
  std::shared_ptr<const SequenceModel> model() const;

 private:
  struct Run;
  std::unique_ptr<Run> run_;
};

}  // namespace kairank
