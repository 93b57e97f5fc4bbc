#pragma once
// Learns the ranker: a listwise softmax (Cao et al. 2007), each target weighed by what it counts, over the candidates
// of cases that the models it listens to did not learn from, and that came before those that choose its epochs. Where a
// list was shown, what a row's position adds to its score is learned beside the network and left out of it (as in PAL,
// Guo et al. 2019, and the shallow tower of Zhao et al. 2019): how likely a place is looked at says nothing of the item
// in it.

#include <memory>
#include <vector>

#include "../metrics.h"
#include "../sequence/optimiser.h"
#include "table.h"

namespace kairank {

struct RankerSettings {
  uint32_t hidden = 64;
  uint32_t narrow = 32;
  uint32_t epochs = 20;
  uint32_t batch = 32;   // cases a step
  double rate = 1e-3;    // of AdamW
  double decay = 1e-3;   // of the weights
  double dropout = 0.1;  // share of the inputs that a step does not see
};

/// The settings by name, as trials write them.
std::vector<std::pair<std::string, double>> named(const RankerSettings& settings);

/// Trains in steps on the mean of -log sum of the targets' softmax: the chance that what stands first is one of them.
/// The same seed gives the same network at any number of threads.
class RankerTrainer {
 public:
  RankerTrainer(const std::vector<RankerCase>& cases, const RankerSettings& settings, uint64_t seed, uint32_t threads,
                const Control& control);

  /// One pass over the cases; returns the mean loss of those that found a target.
  double epoch();

  /// The network as it is, which orders but has no probabilities yet.
  std::shared_ptr<RankerModel> network() const;

  /// The same, calibrated by the cases it learned from.
  std::shared_ptr<RankerModel> model() const;

  /// What each position adds to a score, the last one standing for all beyond; empty where nothing was shown.
  std::vector<float> positions() const;

 private:
  struct Part;
  friend struct RankerInside;  // tests read the gradients off the optimiser

  void learn(const uint32_t* chosen, size_t count, size_t total, uint64_t seed, Part& part) const;

  const std::vector<RankerCase>& cases_;
  const RankerSettings settings_;
  const uint64_t seed_;
  const uint32_t threads_;
  const Control& control_;
  RankerModel model_;
  std::vector<float> weights_;  // of the model, its trust, and what each position adds
  AdamState state_;
  std::vector<uint32_t> taught_;  // cases that found a target
  uint64_t epoch_ = 0;
  uint64_t step_ = 0;
};

/// Fits the slope and offset of a network's probabilities to cases (Platt 1999).
void calibrate(RankerModel& model, const std::vector<RankerCase>& cases);

/// NDCG@10 and recall@10 of cases as the ranker orders them, or, with null, the blend.
std::vector<CaseQuality> rankerQualities(const RankerModel* model, const std::vector<RankerCase>& cases,
                                         uint32_t threads, const Control& control);

struct LearnedRanker {
  std::shared_ptr<const RankerModel> ranker;  // null: the blend's order is as good
  RankerSettings settings;
  std::vector<Trial> trials;  // one an epoch
  CaseQuality without;        // of the blend alone on the choosing cases
  CaseQuality with;           // of the ranker: each half of them as the epoch ranks it that is best on the other
  double error = 0;           // standard error of the difference of the two NDCG@10
  uint32_t shown = 0;         // lists that were shown and something came of, where such taught it
};

struct RankerSearch {
  uint32_t candidates = 500;
  uint64_t seed = 1;
  uint32_t threads = 1;
};

/// What the models `before` did not learn from.
struct RankerLessons {
  const Cases& taught;
  const ShownLists* shown = nullptr;  // where enough came of them, they teach beside the cases, and calibrate alone
};

/// Learns from the lessons; chooses the epochs on `choosing` with the models that serve. The ranker joins where its
/// gain in NDCG@10, on cases that had no say in the epoch, exceeds two standard errors.
LearnedRanker learnRanker(const ModelSet& before, const RankerLessons& lessons, const ModelSet& models,
                          const Cases& choosing, const RankerSearch& search, Control& control);

}  // namespace kairank
