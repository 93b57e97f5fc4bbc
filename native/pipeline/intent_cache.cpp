#include "intent_cache.h"

#include <algorithm>
#include <iterator>

namespace kairank {

namespace {

constexpr size_t kMostNew = 64;      // events since the last answer; for more it is no dearer to start anew
constexpr uint64_t kRenewed = 4096;  // steps after which a state is worked out anew: rounding does not pile up

bool same(const HistoryEvent& a, const HistoryEvent& b) {
  return a.row == b.row && a.type == b.type && a.weight == b.weight && a.at == b.at;
}

}  // namespace

size_t IntentCache::newEvents(const Kept& kept, const HistoryEvent* events, size_t count) {
  for (size_t fresh = 0; fresh <= std::min(kMostNew, count); fresh++) {
    const size_t before = count - fresh;
    if (kept.tail.size() > before) break;
    if (kept.whole && kept.tail.size() != before) continue;
    const auto last = std::make_reverse_iterator(events + before);
    if (std::equal(kept.tail.rbegin(), kept.tail.rend(), last, same)) return fresh;
  }
  return kMostNew + 1;
}

size_t IntentCache::Kept::bytes() const {
  return sizeof(Kept) + 4 * (state.keys.size() + state.values.size() + state.intent.size()) +
         tail.size() * sizeof(HistoryEvent);
}

/// Takes what is kept of a user out of the shard, so that nobody waits while it is worked on.
IntentCache::Kept IntentCache::take(Shard& shard, uint32_t user) {
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.byUser.find(user);
  if (found == shard.byUser.end()) return {};
  Kept kept = std::move(*found->second);
  shard.bytes -= kept.bytes();
  shard.kept.erase(found->second);
  shard.byUser.erase(found);
  return kept;
}

void IntentCache::put(Shard& shard, Kept kept, uint64_t steps) {
  std::lock_guard<std::mutex> lock(shard.mutex);
  shard.steps += steps;
  const auto forget = [&shard](std::list<Kept>::iterator gone) {
    shard.bytes -= gone->bytes();
    shard.byUser.erase(gone->user);
    shard.kept.erase(gone);
  };
  // Somebody else may have answered the same user meanwhile.
  const auto found = shard.byUser.find(kept.user);
  if (found != shard.byUser.end()) forget(found->second);
  shard.bytes += kept.bytes();
  shard.kept.push_front(std::move(kept));
  shard.byUser[shard.kept.front().user] = shard.kept.begin();
  while (shard.bytes > shardBytes_ && shard.kept.size() > 1) forget(std::prev(shard.kept.end()));
}

bool IntentCache::intent(const IntentEncoder& encoder, uint32_t user, const HistoryEvent* events, size_t count,
                         IntentScratch& scratch, float* intent) {
  Shard& shard = shards_[user % kShards];
  Kept kept = take(shard, user);
  size_t fresh = kMostNew + 1;
  if (kept.encoder == encoder.serial() && kept.state.events < kRenewed) {
    fresh = newEvents(kept, events, count);
  }
  const uint64_t before = kept.state.events;
  uint64_t steps = 0;
  bool known = false;
  if (fresh <= kMostNew) {
    for (size_t e = count - fresh; e < count; e++) encoder.push(kept.state, events[e], scratch);
    std::copy(kept.state.intent.begin(), kept.state.intent.end(), intent);
    known = kept.state.events > 0;
    steps = kept.state.events - before;
  } else {
    known = encoder.encode(events, count, scratch, intent);
    kept.state = scratch.state;
    steps = kept.state.events;
  }
  kept.user = user;
  kept.encoder = encoder.serial();
  const size_t first = firstFelt(encoder.model().config, events, count);
  kept.tail.assign(events + first, events + count);
  kept.whole = first == 0;
  put(shard, std::move(kept), steps);
  return known;
}

uint64_t IntentCache::steps() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    sum += shard.steps;
  }
  return sum;
}

}  // namespace kairank
