#pragma once
// Intents of shoppers who came lately: what the sequence model keeps of each, so that one more event costs one step.

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "../recall/intent.h"

namespace kairank {

/// Any thread may ask. What is kept is bounded; who came longest ago goes first. Whether a kept state is still true is
/// decided by the history itself: it is, when the events that it depends on stand there unchanged.
class IntentCache {
 public:
  static constexpr size_t kBytes = size_t{64} << 20;

  explicit IntentCache(size_t bytes = kBytes) : shardBytes_(bytes / kShards) {}

  /// The intent (dim floats) of a shopper after `events`, oldest first; false, and zeros, when none is of an item that
  /// the model knows. The same as the encoder's `encode`, within the error that it states.
  bool intent(const IntentEncoder& encoder, uint32_t user, const HistoryEvent* events, size_t count,
              IntentScratch& scratch, float* intent);

  /// Steps taken so far: events pushed for the answers of this cache.
  uint64_t steps() const;

 private:
  struct Kept {
    uint32_t user = 0;
    uint64_t encoder = 0;
    IntentState state;
    std::vector<HistoryEvent> tail;  // the events that the state depends on, oldest first
    bool whole = true;               // they are the whole history

    size_t bytes() const;
  };

  struct Shard {
    mutable std::mutex mutex;
    std::list<Kept> kept;  // latest first
    std::unordered_map<uint32_t, std::list<Kept>::iterator> byUser;
    size_t bytes = 0;
    uint64_t steps = 0;
  };

  static constexpr size_t kShards = 16;

  /// How many events at the end are new to a kept state; more than kMostNew when it is of another history.
  static size_t newEvents(const Kept& kept, const HistoryEvent* events, size_t count);

  Kept take(Shard& shard, uint32_t user);
  void put(Shard& shard, Kept kept, uint64_t steps);

  const size_t shardBytes_;
  std::array<Shard, kShards> shards_;
};

}  // namespace kairank
