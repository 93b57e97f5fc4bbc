#include "ids.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

#include "../include/status.h"
#include "epochs.h"

namespace kairank {

namespace {

constexpr uint32_t kAsciiFlag = 0x80000000u;
constexpr size_t kFirstSlots = 64;
constexpr size_t kFirstBlock = size_t{4} << 10;
constexpr size_t kLastBlock = size_t{1} << 20;

uint32_t hashOf(std::string_view id) {
  const uint64_t hash = std::hash<std::string_view>()(id);
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

bool isAscii(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

/// Open addressing with linear probing. A slot is the hash (high half) and the row + 1 (low half); 0 is empty.
struct IdTable::Slots {
  size_t mask;
  std::unique_ptr<std::atomic<uint64_t>[]> entries;

  explicit Slots(size_t size) : mask(size - 1), entries(new std::atomic<uint64_t>[size]()) {}

  void place(uint64_t entry) {
    size_t position = (entry >> 32) & mask;
    while (entries[position].load(std::memory_order_relaxed) != 0) position = (position + 1) & mask;
    entries[position].store(entry, std::memory_order_release);
  }
};

IdTable::IdTable() : slots_(new Slots(kFirstSlots)), blockSize_(kFirstBlock) {}

IdTable::~IdTable() { delete slots_.load(std::memory_order_relaxed); }

uint32_t IdTable::lookup(const IdTable& table, const Slots& slots, uint32_t hash, std::string_view id) {
  for (size_t position = hash & slots.mask;; position = (position + 1) & slots.mask) {
    const uint64_t entry = slots.entries[position].load(std::memory_order_acquire);
    if (entry == 0) return kNoRow;
    if (static_cast<uint32_t>(entry >> 32) != hash) continue;
    const uint32_t row = static_cast<uint32_t>(entry) - 1;
    if (table.name(row).view() == id) return row;
  }
}

uint32_t IdTable::find(std::string_view id) const {
  epochs::Guard guard;
  return lookup(*this, *slots_.load(std::memory_order_acquire), hashOf(id), id);
}

uint32_t IdTable::intern(std::string_view id) {
  const uint32_t found = find(id);
  if (found != kNoRow) return found;
  const uint32_t hash = hashOf(id);
  std::lock_guard<std::mutex> lock(mutex_);
  const uint32_t since = lookup(*this, *slots_.load(std::memory_order_relaxed), hash, id);
  if (since != kNoRow) return since;
  const uint32_t row = count_.load(std::memory_order_relaxed);
  if (row >= kMaxRows) throw Error(Status::outOfMemory, "There are more ids than rows.");
  if ((size_t{row} + 1) * 4 > (slots_.load(std::memory_order_relaxed)->mask + 1) * 3) grow();
  names_.ensure(row).store(store(id), std::memory_order_release);
  slots_.load(std::memory_order_relaxed)->place((uint64_t{hash} << 32) | (uint64_t{row} + 1));
  count_.store(row + 1, std::memory_order_release);
  return row;
}

IdName IdTable::name(uint32_t row) const {
  const char* record = names_.find(row)->load(std::memory_order_acquire);
  uint32_t head;
  std::memcpy(&head, record, sizeof(head));
  return {record + sizeof(head), head & ~kAsciiFlag, (head & kAsciiFlag) != 0};
}

const char* IdTable::store(std::string_view id) {
  const uint32_t head = static_cast<uint32_t>(id.size()) | (isAscii(id) ? kAsciiFlag : 0);
  const size_t size = sizeof(head) + id.size();
  if (size > left_) {
    // A name too long for the usual block gets one of its own, and the block begun stays in use.
    if (size > blockSize_ / 4) {
      blocks_.emplace_back(new char[size]);
      char* own = blocks_.back().get();
      std::memcpy(own, &head, sizeof(head));
      std::memcpy(own + sizeof(head), id.data(), id.size());
      return own;
    }
    blocks_.emplace_back(new char[blockSize_]);
    next_ = blocks_.back().get();
    left_ = blockSize_;
    blockSize_ = std::min(blockSize_ * 2, kLastBlock);
  }
  char* record = next_;
  next_ += size;
  left_ -= size;
  std::memcpy(record, &head, sizeof(head));
  std::memcpy(record + sizeof(head), id.data(), id.size());
  return record;
}

void IdTable::grow() {
  Slots* old = slots_.load(std::memory_order_relaxed);
  auto larger = std::make_unique<Slots>((old->mask + 1) * 2);
  for (size_t position = 0; position <= old->mask; ++position) {
    const uint64_t entry = old->entries[position].load(std::memory_order_relaxed);
    if (entry != 0) larger->place(entry);
  }
  slots_.store(larger.release(), std::memory_order_release);
  epochs::retire(
      old, [](void* slots) { delete static_cast<Slots*>(slots); }, (old->mask + 1) * sizeof(uint64_t));
}

uint32_t ItemIds::intern(std::string_view id, uint64_t key) {
  const uint32_t row = ids_.intern(id);
  std::atomic<uint64_t>& own = keys_.ensure(row);
  uint64_t had = own.load(std::memory_order_relaxed);
  if (key == 0 || had == key) return row;
  if (had == 0 && own.compare_exchange_strong(had, key)) return row;
  if (had == key) return row;
  throw Error(Status::invalidArgument, "keys: the item \"" + std::string(id) + "\" has the key " + std::to_string(had) +
                                           ", which is for ever; got " + std::to_string(key));
}

uint64_t ItemIds::key(uint32_t row) const {
  const std::atomic<uint64_t>* key = keys_.find(row);
  return key ? key->load(std::memory_order_relaxed) : 0;
}

}  // namespace kairank
