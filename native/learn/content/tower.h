#pragma once
// The content tower: two towers that share their tables (Covington et al. 2016; Yi et al. 2019), one for what shoppers
// had and one for what they take next. A softmax over candidates teaches which words, categories and vectors make two
// items wanted by the same people; what content does not tell of an item goes into a vector of its own, on the
// shopper's side alone, so that the other side serves items that nobody has had.

#include <memory>
#include <vector>

#include "../../include/control.h"
#include "../../include/random.h"
#include "../../recall/content.h"
#include "../dataset.h"
#include "../sequence/optimiser.h"

namespace kairank {

struct TowerSettings {
  uint32_t dim = 128;
  uint32_t epochs = 2;
  double rate = 0.005;           // of AdamW, for tables
  double behaviourRate = 0.002;  // for what behaviour teaches beside content
  double attentionRate = 0.01;   // for the attention over modalities
  double dropout = 0.3;          // share of an item's features that a step does not see
  double decay = 0.8;            // weight of a history event: decay^(age in events)
  uint32_t batch = 1024;         // cases a step
  uint32_t samples = 1024;       // candidates that are drawn for it beside the targets
};

/// The settings by name, as trials and bundles write them.
std::vector<std::pair<std::string, double>> named(const TowerSettings& settings);

/// @throws Error(invalidArgument) on a setting out of range.
void checkSettings(const TowerSettings& settings);

/// Trains in steps, so that a search can look between them. The same seed gives the same tower at any number of
/// threads.
class TowerTrainer {
 public:
  /// `withheld`, one flag an item or empty: items that are to be new, so neither their events nor their words are read.
  TowerTrainer(const ContentFeatures& content, const Positives& positives, std::vector<uint8_t> withheld,
               const TowerSettings& settings, uint64_t seed, uint32_t threads, const Control& control);

  /// One pass over the cases; returns the mean loss.
  double epoch();

  /// The tower as it is, with the vectors of every item, those withheld too.
  std::shared_ptr<ContentModel> model() const;

  /// Whether there is something to learn: something follows something, and something is known of an item.
  bool possible() const;

 private:
  friend struct TowerInside;  // tests read the gradients off the optimiser

  /// An item's inputs to one modality, all items in one block.
  struct Inputs {
    std::vector<uint64_t> offsets;
    std::vector<TowerInput> entries;
  };
  struct Batch;

  void readInputs();
  void findCases();
  void gather(Batch& batch, const uint64_t* targets, size_t count, Random& random) const;
  void speak(Batch& batch) const;
  void want(Batch& batch) const;
  double score(Batch& batch) const;
  void teach(Batch& batch);
  void teachTable(Batch& batch, size_t modality, const float* dSpoken);
  void step(double rate, const float* gradient, size_t begin, size_t count, std::vector<float>& weights,
            AdamState& state) const;
  uint64_t historyOf(uint64_t target) const;

  const ContentFeatures& content_;
  const Positives& positives_;
  const std::vector<uint8_t> withheld_;
  const TowerSettings settings_;
  const uint64_t seed_;
  const uint32_t threads_;
  const Control& control_;
  std::shared_ptr<ContentModel> model_;  // its vectors are made at the end
  std::vector<Inputs> inputs_;           // by modality
  std::vector<uint64_t> targets_;        // places in Positives
  std::vector<uint32_t> warm_;           // items that candidates are drawn from
  std::vector<AdamState> tableStates_;
  std::vector<AdamState> attentionStates_;
  AdamState behaviourState_;
  std::vector<float> biases_;  // of the modalities, while they learn
  AdamState biasState_;
  std::vector<float> sharpness_;  // one: the logarithm of what scales the scores
  AdamState sharpnessState_;
  uint64_t epoch_ = 0;
  uint64_t step_ = 0;
};

}  // namespace kairank
