#pragma once
// One engine's state: the catalogue, the shoppers and the models, shared by every thread that holds a handle.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "../recall/eligibility.h"
#include "../state/content_model.h"
#include "../state/history_store.h"
#include "../state/ids.h"
#include "../state/models.h"
#include "feedback.h"
#include "intent_cache.h"
#include "lane.h"
#include "newcomer_watch.h"

namespace kairank {

struct CoreSettings {
  std::vector<ColumnSpec> columns;
  std::vector<float> typeWeights;  // by event type
  size_t queueLimit = 0;           // requests that may wait
  double gather = 0;               // microseconds that the first of a batch waits for others
  bool online = true;              // whether feedback teaches
  double pressure = 0;             // microseconds that requests may wait and lose nothing; 0: they never do
};

class Core final : public Lane {
 public:
  /// A new core that `attach` finds by its token until it is closed or nobody holds it.
  static std::shared_ptr<Core> create(CoreSettings settings);

  /// Throws Error(notFound) for a token that is closed, forgotten or was never made.
  static std::shared_ptr<Core> attach(uint64_t token);

  ~Core() override;

  uint64_t token() const { return token_; }
  const CoreSettings& settings() const { return settings_; }

  ItemIds items;
  IdTable users;
  EligibilityIndex eligibility;
  HistoryStore histories;
  IntentCache intents;
  Feedback feedback;
  StageCosts costs;

  /// What requests are answered with from now on; null goes back to popularity.
  void publish(std::shared_ptr<const ModelSet> models);

  /// The published models; before the first, a set that knows what is popular now, give or take a tenth of the events
  /// or a second.
  std::shared_ptr<const ModelSet> models();

  /// Adds to a shopper's history, sorted by time; returns how many events name an item that the models have no factors
  /// for. `place` gives it some.
  size_t append(uint32_t user, const HistoryEvent* events, size_t count);

  /// Gives factors to the items that training had none for, from what shoppers did with them. Slow: not for a request's
  /// thread. Returns how many there are now; `stopped` ends it early, and then nothing changes.
  size_t place(const std::function<bool()>& stopped);

  /// Encodes what is known of items put after training, so that they can be recalled at once; `rows`: one an item.
  void putContent(ContentFeatures content, const std::vector<uint32_t>& rows);

  /// Keeps what the catalogue says of items put after training for the ranker; `rows`: one an item.
  void putAttributes(const AttributeValues& values, const std::vector<uint32_t>& rows);

  /// Rows that may be shown and of which the models have no content, or no attributes, where they have any of others.
  std::vector<uint32_t> withoutContent();

  /// No request is taken any more, and the token opens nothing.
  void close();
  bool closed() const override { return closed_.load(std::memory_order_acquire); }

  /// Answers requests: the tasks of a core are Requests.
  void serve(Task* const* tasks, size_t count) override;

 private:
  using Clock = std::chrono::steady_clock;

  explicit Core(CoreSettings settings, uint64_t token);

  std::shared_ptr<const ModelSet> popular();
  std::shared_ptr<const ModelSet> held();  // what is published, or null

  const uint64_t token_;
  const CoreSettings settings_;
  std::atomic<bool> closed_{false};

  std::mutex modelsMutex_;
  std::shared_ptr<const ModelSet> published_;
  std::shared_ptr<const ModelSet> popular_;

  std::mutex encoding_;  // one thread encodes content; the next waits
  std::mutex placing_;   // one thread places newcomers; the next waits
  NewcomerWatch newcomers_;

  std::mutex counting_;  // one thread counts; the others go on with what they have
  uint64_t countedEvents_ = 0;
  Clock::time_point countAgain_{};
};

}  // namespace kairank
