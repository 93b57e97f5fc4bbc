#include "history_store.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "../include/status.h"
#include "epochs.h"

namespace kairank {

namespace {

constexpr uint32_t kFirstCapacity = 4;
constexpr uint32_t kLastCapacity = 256;
constexpr double kMaxPopularity = 1e30;  // models refuse what is not finite in f32

bool earlier(const HistoryEvent& a, const HistoryEvent& b) { return a.at < b.at; }

}  // namespace

/// Events are only ever added behind the published count; a block with a successor is never written again.
struct HistoryStore::Block {
  Block* previous;  // older events
  uint64_t before;  // events in all older blocks
  uint32_t capacity;
  std::atomic<uint32_t> count;

  HistoryEvent* events() { return reinterpret_cast<HistoryEvent*>(this + 1); }
  const HistoryEvent* events() const { return reinterpret_cast<const HistoryEvent*>(this + 1); }
};

HistoryStore::~HistoryStore() {
  for (uint32_t user = 0; user < users_.load(std::memory_order_acquire); ++user) {
    Block* block = newest_.find(user)->load(std::memory_order_acquire);
    while (block) {
      Block* previous = block->previous;
      deleteBlock(block);
      block = previous;
    }
  }
}

HistoryStore::Block* HistoryStore::newBlock(uint32_t capacity, Block* previous) {
  static_assert(sizeof(HistoryEvent) == 24 && sizeof(Block) % alignof(HistoryEvent) == 0, "events follow the head");
  Block* block = static_cast<Block*>(::operator new(sizeof(Block) + capacity * sizeof(HistoryEvent)));
  new (block)
      Block{previous, previous ? previous->before + previous->count.load(std::memory_order_relaxed) : 0, capacity, {}};
  return block;
}

void HistoryStore::deleteBlock(void* block) { ::operator delete(block); }

void HistoryStore::retireBlock(Block* block) {
  epochs::retire(block, deleteBlock, sizeof(Block) + block->capacity * sizeof(HistoryEvent));
}

void HistoryStore::append(uint32_t user, const HistoryEvent* events, size_t count) {
  if (count == 0) return;
  // Reserved before anything is published: an append that fails for memory has changed nothing but counters' room.
  std::atomic<Block*>& newest = newest_.ensure(user);
  uint32_t last = 0;
  for (size_t i = 0; i < count; ++i) last = std::max(last, events[i].row == kNoRow ? 0 : events[i].row);
  positive_.ensure(last);
  {
    std::lock_guard<std::mutex> lock(stripes_[user % kStripes]);
    const Block* head = newest.load(std::memory_order_relaxed);
    const double lastAt = head ? head->events()[head->count.load(std::memory_order_relaxed) - 1].at : events[0].at;
    if (events[0].at >= lastAt) {
      appendSorted(newest, events, count);
    } else {
      insertLate(newest, events, count);
    }
  }
  uint32_t users = users_.load(std::memory_order_relaxed);
  while (users <= user && !users_.compare_exchange_weak(users, user + 1, std::memory_order_release)) {
  }
  countWeights(events, count);
  events_.fetch_add(count, std::memory_order_relaxed);
}

void HistoryStore::appendSorted(std::atomic<Block*>& newest, const HistoryEvent* events, size_t count) {
  Block* head = newest.load(std::memory_order_relaxed);
  const uint32_t used = head ? head->count.load(std::memory_order_relaxed) : 0;
  const size_t room = head ? head->capacity - used : 0;
  Block* next = nullptr;
  const size_t here = std::min(room, count);
  const size_t rest = count - here;
  if (rest > 0) {
    const uint32_t usual =
        head ? std::min(std::max(head->capacity * 2, kFirstCapacity), kLastCapacity) : kFirstCapacity;
    next = newBlock(static_cast<uint32_t>(std::max<size_t>(usual, rest)), nullptr);
  }
  if (here > 0) {
    std::memcpy(head->events() + used, events, here * sizeof(HistoryEvent));
    head->count.store(used + static_cast<uint32_t>(here), std::memory_order_release);
  }
  if (!next) return;
  next->previous = head;
  next->before = head ? head->before + used + here : 0;
  std::memcpy(next->events(), events + here, rest * sizeof(HistoryEvent));
  next->count.store(static_cast<uint32_t>(rest), std::memory_order_relaxed);
  newest.store(next, std::memory_order_release);
}

void HistoryStore::insertLate(std::atomic<Block*>& newest, const HistoryEvent* events, size_t count) {
  // Blocks that end no later than the first new event stay; all newer ones are merged with the new events into one.
  Block* kept = newest.load(std::memory_order_relaxed);
  size_t merged = count;
  std::vector<Block*> replaced;
  while (kept) {
    const uint32_t used = kept->count.load(std::memory_order_relaxed);
    if (kept->events()[used - 1].at <= events[0].at) break;
    replaced.push_back(kept);
    merged += used;
    kept = kept->previous;
  }
  std::vector<HistoryEvent> old;
  old.reserve(merged - count);
  for (auto block = replaced.rbegin(); block != replaced.rend(); ++block) {
    const HistoryEvent* first = (*block)->events();
    old.insert(old.end(), first, first + (*block)->count.load(std::memory_order_relaxed));
  }
  Block* block = newBlock(static_cast<uint32_t>(merged + std::max<size_t>(kFirstCapacity, merged / 8)), kept);
  // std::merge takes from the first range on equal times: what arrived earlier stands first.
  std::merge(old.begin(), old.end(), events, events + count, block->events(), earlier);
  block->count.store(static_cast<uint32_t>(merged), std::memory_order_relaxed);
  newest.store(block, std::memory_order_release);
  for (Block* gone : replaced) retireBlock(gone);
}

void HistoryStore::countWeights(const HistoryEvent* events, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (events[i].row == kNoRow || !(events[i].weight > 0)) continue;
    std::atomic<double>& sum = *positive_.find(events[i].row);
    double old = sum.load(std::memory_order_relaxed);
    while (!sum.compare_exchange_weak(old, old + events[i].weight, std::memory_order_relaxed)) {
    }
  }
}

uint64_t HistoryStore::count(uint32_t user) const {
  epochs::Guard guard;
  const std::atomic<Block*>* newest = newest_.find(user);
  const Block* head = newest ? newest->load(std::memory_order_acquire) : nullptr;
  return head ? head->before + head->count.load(std::memory_order_acquire) : 0;
}

size_t HistoryStore::copyLast(const Block* head, uint32_t headCount, size_t limit, HistoryEvent* out) {
  size_t left = limit;
  uint32_t used = headCount;
  for (const Block* block = head; block && left > 0; block = block->previous) {
    const size_t take = std::min<size_t>(used, left);
    left -= take;
    std::memcpy(out + left, block->events() + (used - take), take * sizeof(HistoryEvent));
    if (block->previous) used = block->previous->count.load(std::memory_order_acquire);
  }
  return limit;
}

size_t HistoryStore::read(uint32_t user, size_t limit, std::vector<HistoryEvent>& out) const {
  out.clear();
  epochs::Guard guard;
  const std::atomic<Block*>* newest = newest_.find(user);
  const Block* head = newest ? newest->load(std::memory_order_acquire) : nullptr;
  if (!head) return 0;
  const uint32_t headCount = head->count.load(std::memory_order_acquire);
  out.resize(static_cast<size_t>(std::min<uint64_t>(limit, head->before + headCount)));
  return copyLast(head, headCount, out.size(), out.data());
}

Histories HistoryStore::exportAll(uint32_t users) const {
  Histories histories;
  histories.offsets.reserve(size_t{users} + 1);
  histories.offsets.push_back(0);
  histories.events.reserve(events());
  std::vector<HistoryEvent> own;
  for (uint32_t user = 0; user < users; ++user) {
    read(user, SIZE_MAX, own);
    histories.events.insert(histories.events.end(), own.begin(), own.end());
    histories.offsets.push_back(histories.events.size());
  }
  return histories;
}

std::vector<float> HistoryStore::popularity(uint32_t rows) const {
  std::vector<float> sums(rows, 0.0f);
  for (uint32_t row = 0; row < rows; ++row) {
    const std::atomic<double>* sum = positive_.find(row);
    if (!sum) break;
    sums[row] = static_cast<float>(std::min(sum->load(std::memory_order_relaxed), kMaxPopularity));
  }
  return sums;
}

}  // namespace kairank
