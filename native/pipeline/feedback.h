#pragma once
// The lists that an engine showed lately, and what it learns from what shoppers chose of them. Requests note their
// lists and read the layer; whoever adds events teaches. Neither waits long for the other: a lesson is a few
// microseconds.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../rank/online.h"
#include "../rank/online_learner.h"
#include "../state/item_statistics.h"
#include "../state/models.h"
#include "stages.h"

namespace kairank {

/// What came of feedback since the engine was made.
struct FeedbackCounts {
  uint64_t learned = 0;    // choices that were learned from
  uint64_t missed = 0;     // choices of lists that are not remembered, or of models that are no more
  uint64_t rollbacks = 0;  // times that the weights foretold worse, and were taken back
  uint64_t drifts = 0;     // times that choices became harder to foretell than they were
  OnlineLearner::Insight insight;
};

/// A choice as an event tells it.
struct Choice {
  uint64_t request;  // what the list was noted by
  uint32_t row;
  float weight;  // above 0: taken up; below: turned down
};

/// The number that a list is noted by, of the id of its request; never 0.
inline uint64_t notedBy(std::string_view requestId) {
  return std::max<uint64_t>(1, std::hash<std::string_view>{}(requestId));
}

class Feedback {
 public:
  static constexpr size_t kLists = 16384;  // that are remembered: the latest

  ItemStatistics statistics;

  /// Other models: what was learned beside the last ones is forgotten.
  void restart(const ModelSet& models);

  /// What was learned for these models; null where others are in use by now.
  std::shared_ptr<const OnlineLayer> layer(const ModelSet& models) const;

  /// Remembers the head of a list. `request` is not 0.
  void shown(uint64_t request, const OnlineLayer& layer, const Answer& answer);

  void learn(const Choice& choice);

  FeedbackCounts counts() const;

  /// What was learned beside the models in use, to go on from after a restart; empty where nothing was.
  std::vector<float> state() const;
  /// Goes on from there; false where it is of other models.
  bool resume(const std::vector<float>& state);

 private:
  struct List {
    uint64_t request = 0;
    std::shared_ptr<const ItemCounts> counts;  // of the models that answered
    std::vector<uint32_t> rows;
    std::vector<float> inputs;
    std::vector<float> trained;
  };

  void publish();  // the learner's weights as a layer

  mutable std::mutex mutex_;
  std::optional<OnlineLearner> learner_;
  std::shared_ptr<const OnlineLayer> layer_;
  std::vector<List> lists_;  // ring
  size_t next_ = 0;
  std::unordered_map<uint64_t, size_t> places_;  // request -> place in the ring
  std::vector<float> probabilities_;
  FeedbackCounts counts_;
};

}  // namespace kairank
