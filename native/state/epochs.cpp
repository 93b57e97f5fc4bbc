#include "epochs.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

namespace kairank::epochs {

namespace {

constexpr size_t kCollectCount = 64;
constexpr size_t kCollectBytes = size_t{1} << 20;
constexpr uint64_t kOutside = 0;

struct Slot {
  alignas(64) std::atomic<uint64_t> epoch{kOutside};
  std::atomic<bool> owned{false};
  Slot* next = nullptr;  // set before the slot is linked, never changed
};

struct Garbage {
  void* pointer;
  void (*deleter)(void*);
  size_t bytes;
  uint64_t epoch;
};

struct Domain {
  std::atomic<uint64_t> epoch{1};
  std::atomic<Slot*> slots{nullptr};
  std::mutex mutex;
  std::vector<Garbage> garbage;
  size_t bytes = 0;
};

// Leaked: a thread that ends after static destructors have run still gives its slot back.
Domain& domain() {
  static Domain* const shared = new Domain;
  return *shared;
}

Slot* claimSlot() {
  Domain& shared = domain();
  for (Slot* slot = shared.slots.load(std::memory_order_acquire); slot; slot = slot->next) {
    bool free = false;
    if (!slot->owned.load(std::memory_order_relaxed) && slot->owned.compare_exchange_strong(free, true)) return slot;
  }
  Slot* slot = new Slot;
  slot->owned.store(true, std::memory_order_relaxed);
  slot->next = shared.slots.load(std::memory_order_relaxed);
  while (!shared.slots.compare_exchange_weak(slot->next, slot, std::memory_order_acq_rel)) {
  }
  return slot;
}

struct ThreadSlot {
  Slot* slot = nullptr;
  unsigned depth = 0;

  ~ThreadSlot() {
    if (slot) slot->owned.store(false, std::memory_order_release);
  }
};

thread_local ThreadSlot threadSlot;

uint64_t oldestReader(const Domain& shared) {
  uint64_t oldest = std::numeric_limits<uint64_t>::max();
  for (const Slot* slot = shared.slots.load(std::memory_order_seq_cst); slot; slot = slot->next) {
    const uint64_t epoch = slot->epoch.load(std::memory_order_seq_cst);
    if (epoch != kOutside) oldest = std::min(oldest, epoch);
  }
  return oldest;
}

/// Takes what may be freed out of the list; the mutex is held.
std::vector<Garbage> takeFree(Domain& shared) {
  const uint64_t oldest = oldestReader(shared);
  const auto kept = std::partition(shared.garbage.begin(), shared.garbage.end(),
                                   [oldest](const Garbage& item) { return item.epoch >= oldest; });
  std::vector<Garbage> free(kept, shared.garbage.end());
  shared.garbage.erase(kept, shared.garbage.end());
  for (const Garbage& item : free) shared.bytes -= item.bytes;
  return free;
}

void freeAll(const std::vector<Garbage>& garbage) {
  for (const Garbage& item : garbage) item.deleter(item.pointer);
}

}  // namespace

Guard::Guard() {
  ThreadSlot& own = threadSlot;
  if (!own.slot) own.slot = claimSlot();
  if (own.depth++ > 0) return;
  // The slot must show an epoch that was current after it was shown: a writer that moved the epoch on between the two
  // may have looked at the slots too early to see this one.
  std::atomic<uint64_t>& current = domain().epoch;
  uint64_t epoch = current.load(std::memory_order_seq_cst);
  for (;;) {
    own.slot->epoch.store(epoch, std::memory_order_seq_cst);
    const uint64_t now = current.load(std::memory_order_seq_cst);
    if (now == epoch) return;
    epoch = now;
  }
}

Guard::~Guard() {
  ThreadSlot& own = threadSlot;
  if (--own.depth == 0) own.slot->epoch.store(kOutside, std::memory_order_release);
}

void retire(void* pointer, void (*deleter)(void*), size_t bytes) {
  Domain& shared = domain();
  std::vector<Garbage> free;
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    shared.garbage.push_back({pointer, deleter, bytes, 0});
    shared.garbage.back().epoch = shared.epoch.fetch_add(1, std::memory_order_seq_cst);
    shared.bytes += bytes;
    if (shared.garbage.size() >= kCollectCount || shared.bytes >= kCollectBytes) free = takeFree(shared);
  }
  freeAll(free);
}

void collect() {
  Domain& shared = domain();
  std::vector<Garbage> free;
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    free = takeFree(shared);
  }
  freeAll(free);
}

size_t pending() {
  Domain& shared = domain();
  std::lock_guard<std::mutex> lock(shared.mutex);
  return shared.garbage.size();
}

}  // namespace kairank::epochs
