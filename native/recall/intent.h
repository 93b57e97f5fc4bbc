#pragma once
// A shopper's intent by the sequence model: a vector whose dot product with an item's embedding is the item's score.
// One more event costs one step: the keys and values of the events before it are kept, and nothing that follows an
// event changes them.

#include <cstdint>
#include <memory>
#include <vector>

#include "../state/sequence_model.h"

namespace kairank {

/// What is kept of one shopper, for one model: layers x window x 2 dim floats, layers = blocks + 1 where there is
/// pooling. Copied freely; not shared by threads.
struct IntentState {
  std::vector<float> keys;    // layers x window x dim; event e lies in slot e % window
  std::vector<float> values;  // the same
  std::vector<float> intent;  // dim; zeros before the first event
  uint64_t events = 0;        // taken in so far
  HistoryEvent last{};        // of these
};

/// Working memory of one thread.
struct IntentScratch {
  std::vector<float> stream, normed, projected, attended, scores, wide, added;
  IntentState state;
};

class IntentEncoder {
 public:
  /// @throws Error(invalidArgument) when the model is not in order.
  explicit IntentEncoder(std::shared_ptr<const SequenceModel> model);

  const SequenceModel& model() const { return *model_; }
  const std::shared_ptr<const SequenceModel>& shared() const { return model_; }

  /// What an intent's inner product with is an item's score: items x dim.
  const float* items() const { return units_.empty() ? model_->item(0) : units_.data(); }
  const float* item(uint32_t row) const { return items() + static_cast<size_t>(row) * model_->config.dim; }

  /// Tells this encoder from every other of the process: what is cached for one is nothing to another.
  uint64_t serial() const { return serial_; }

  /// A shopper without events.
  IntentState begin() const;

  /// Takes in one more event, the latest. Events without an item the model knows are passed over. Error of the intent
  /// against the whole history in exact arithmetic: some 1e-5 of its length, whatever the number of events.
  void push(IntentState& state, const HistoryEvent& event, IntentScratch& scratch) const;

  /// The intent (dim floats) after a whole history, oldest first: those from firstFelt on decide it. False, and
  /// zeros, when no event has an item the model knows. Equals that many pushes, bit by bit.
  bool encode(const HistoryEvent* events, size_t count, IntentScratch& scratch, float* intent) const;

 private:
  void attend(size_t layer, size_t heads, const float* distance, const float* query, const float* key,
              const float* value, IntentState& state, IntentScratch& scratch) const;
  void attendInBlock(size_t block, IntentState& state, IntentScratch& scratch) const;
  void pool(const HistoryEvent& event, IntentState& state, IntentScratch& scratch) const;
  void feed(const BlockLayout& at, IntentScratch& scratch) const;

  std::shared_ptr<const SequenceModel> model_;
  SequenceLayout layout_;
  std::vector<float> units_;  // items at unit length, where scores are cosines
  uint64_t serial_;
};

}  // namespace kairank
