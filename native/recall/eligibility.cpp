#include "eligibility.h"

#include <algorithm>

#include "../include/bits.h"
#include "../include/status.h"
#include "../state/epochs.h"

namespace kairank {

namespace {

constexpr uint32_t kFirstWords = 16;
constexpr uint32_t kSliceWords = 64;  // built under one hold of the lock: 4,096 rows, some tens of microseconds

}  // namespace

struct RowBitmap::Words {
  uint32_t count;
  std::unique_ptr<std::atomic<uint64_t>[]> bits;

  explicit Words(uint32_t size) : count(size), bits(new std::atomic<uint64_t>[size]()) {}
};

RowBitmap::~RowBitmap() { delete words_.load(std::memory_order_relaxed); }

RowBitmap::View RowBitmap::view() const {
  const Words* words = words_.load(std::memory_order_acquire);
  if (!words) return {};
  return {words->bits.get(), static_cast<uint32_t>(std::min<uint64_t>(uint64_t{words->count} * 64, kMaxRows))};
}

bool RowBitmap::has(uint32_t row) const {
  epochs::Guard guard;
  const View now = view();
  return row < now.rows && ((now.words[row >> 6].load(std::memory_order_relaxed) >> (row & 63)) & 1);
}

void RowBitmap::reserve(uint32_t words) {
  Words* old = words_.load(std::memory_order_relaxed);
  if (old && old->count >= words) return;
  const uint32_t size = std::max({kFirstWords, words, old ? old->count * 2 : 0});
  auto larger = std::make_unique<Words>(size);
  for (uint32_t i = 0; old && i < old->count; ++i) {
    larger->bits[i].store(old->bits[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  words_.store(larger.release(), std::memory_order_release);
  if (!old) return;
  epochs::retire(
      old, [](void* pointer) { delete static_cast<Words*>(pointer); }, old->count * sizeof(uint64_t));
}

void RowBitmap::setWord(uint32_t word, uint64_t bits) {
  reserve(word + 1);
  words_.load(std::memory_order_relaxed)->bits[word].store(bits, std::memory_order_release);
}

void RowBitmap::set(uint32_t row, bool on) {
  reserve((row >> 6) + 1);
  std::atomic<uint64_t>& word = words_.load(std::memory_order_relaxed)->bits[row >> 6];
  const uint64_t bit = uint64_t{1} << (row & 63);
  const uint64_t old = word.load(std::memory_order_relaxed);
  word.store(on ? old | bit : old & ~bit, std::memory_order_release);
}

void EligibilityIndex::put(const std::vector<uint32_t>& rows, const std::vector<Cell>& cells) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint32_t row = rows[i];
    columns_.set(row, cells.data() + i * columns_.count());
    if (!members_.has(row)) items_.fetch_add(1, std::memory_order_relaxed);
    members_.set(row, true);
    rows_ = std::max(rows_, row + 1);
    refresh(row);
  }
}

bool EligibilityIndex::remove(uint32_t row) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!members_.has(row)) return false;
  members_.set(row, false);
  items_.fetch_sub(1, std::memory_order_relaxed);
  refresh(row);
  return true;
}

void EligibilityIndex::refresh(uint32_t row) {
  const bool member = members_.has(row);
  for (auto& [handle, kept] : filters_) {
    LiveFilter& filter = *kept.filter;
    // A builder that has not come to this row yet will see it as it is now.
    if (!filter.built.load(std::memory_order_relaxed) && (row >> 6) >= filter.builtWords) continue;
    filter.passing.set(row, member && filter.program.evaluate(columns_, row, 1) != 0);
  }
}

uint64_t EligibilityIndex::compile(std::vector<FilterStep> steps) {
  auto filter = std::make_shared<LiveFilter>(FilterProgram(std::move(steps), columns_));
  std::lock_guard<std::mutex> lock(mutex_);
  const auto equal = bySignature_.find(filter->program.signature());
  if (equal != bySignature_.end()) {
    uses_.splice(uses_.begin(), uses_, filters_.at(equal->second).use);
    return equal->second;
  }
  if (filters_.size() >= kMaxFilters) {
    const auto oldest = filters_.find(uses_.back());
    bySignature_.erase(oldest->second.filter->program.signature());
    filters_.erase(oldest);
    uses_.pop_back();
  }
  const uint64_t handle = nextHandle_++;
  uses_.push_front(handle);
  bySignature_.emplace(filter->program.signature(), handle);
  filters_.emplace(handle, Kept{std::move(filter), uses_.begin()});
  return handle;
}

std::shared_ptr<LiveFilter> EligibilityIndex::filter(uint64_t handle) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = filters_.find(handle);
  if (found == filters_.end()) {
    throw Error(Status::notFound, "filter: there is no filter " + std::to_string(handle) + "; compile it again");
  }
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.filter;
}

void EligibilityIndex::build(LiveFilter& filter) {
  std::lock_guard<std::mutex> building(filter.building);
  while (!filter.built.load(std::memory_order_acquire)) {
    std::lock_guard<std::mutex> lock(mutex_);
    epochs::Guard guard;
    const RowBitmap::View members = members_.view();
    const uint32_t words = (rows_ + 63) / 64;
    const uint32_t end = std::min(words, filter.builtWords + kSliceWords);
    for (uint32_t word = filter.builtWords; word < end; ++word) {
      const uint32_t first = word * 64;
      const uint32_t count = std::min(64u, rows_ - first);
      const uint64_t there = members.words[word].load(std::memory_order_relaxed);
      filter.passing.setWord(word, there == 0 ? 0 : there & filter.program.evaluate(columns_, first, count));
    }
    filter.builtWords = end;
    if (end == words) filter.built.store(true, std::memory_order_release);
  }
}

RowBitmap::View EligibilityIndex::eligible(LiveFilter* filter) {
  if (!filter) return members_.view();
  if (!filter->built.load(std::memory_order_acquire)) build(*filter);
  return filter->passing.view();
}

uint32_t EligibilityIndex::count(LiveFilter* filter) {
  if (!filter) return items();
  epochs::Guard guard;
  const RowBitmap::View now = eligible(filter);
  uint32_t count = 0;
  for (uint32_t word = 0; word < (now.rows + 63) / 64; ++word) {
    count += popcount64(now.words[word].load(std::memory_order_relaxed));
  }
  return count;
}

}  // namespace kairank
