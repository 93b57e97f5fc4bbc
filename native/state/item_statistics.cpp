#include "item_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "votes.h"

namespace kairank {

namespace {

constexpr int kStampShift = 4;  // a stamp counts 16 events: 2^36 of them before it begins anew
constexpr float kMostLog = 3;   // bound of what a few events can say

uint64_t pack(float value, uint32_t stamp) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return uint64_t{stamp} << 32 | bits;
}

float valueOf(uint64_t packed) {
  const uint32_t bits = static_cast<uint32_t>(packed);
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// How much later `now` is than what was packed. Below 0 where another thread, whose clock was read later, was first.
int32_t ageOf(uint64_t packed, uint32_t now) { return static_cast<int32_t>(now - static_cast<uint32_t>(packed >> 32)); }

/// `packed` as it is at `now`, a stamp.
double faded(uint64_t packed, uint32_t now, double halfLife) {
  const float value = valueOf(packed);
  if (value == 0) return 0;
  const double age = std::max(0, ageOf(packed, now));
  return value * std::exp2(-age * (1 << kStampShift) / halfLife);
}

/// As if there had been `prior` before, all of it expected.
float logRatio(double had, double expected, double prior) {
  return std::clamp(static_cast<float>(std::log((had + prior) / (expected + prior))), -kMostLog, kMostLog);
}

uint32_t stampOf(uint64_t clock) { return static_cast<uint32_t>(clock >> kStampShift); }

}  // namespace

void ItemStatistics::add(Fading& fading, double amount) {
  const uint32_t now = stampOf(clock_.load(std::memory_order_relaxed));
  const double halfLife = halfLife_.load(std::memory_order_relaxed);
  uint64_t before = fading.load(std::memory_order_relaxed);
  uint64_t after;
  do {
    const uint32_t stamp = ageOf(before, now) < 0 ? static_cast<uint32_t>(before >> 32) : now;
    after = pack(static_cast<float>(faded(before, now, halfLife) + amount), stamp);
  } while (!fading.compare_exchange_weak(before, after, std::memory_order_relaxed));
}

ItemStatistics::Moment ItemStatistics::now() const {
  Moment moment;
  moment.stamp = stampOf(clock_.load(std::memory_order_relaxed));
  moment.halfLife = halfLife_.load(std::memory_order_relaxed);
  moment.total = faded(total_.load(std::memory_order_relaxed), moment.stamp, moment.halfLife);
  const double events = faded(events_.load(std::memory_order_relaxed), moment.stamp, moment.halfLife);
  moment.prior = events > 0 ? moment.total / events : 1;
  return moment;
}

void ItemStatistics::note(const HistoryEvent* events, size_t count, uint32_t rows) {
  halfLife_.store(std::clamp(kHalfLifePerRow * rows, kLeastHalfLife, kMostHalfLife), std::memory_order_relaxed);
  for (size_t i = 0; i < count; i++) {
    if (!positive(events[i])) continue;
    const double weight = std::min(events[i].weight, kMaxEventWeight);
    clock_.fetch_add(1, std::memory_order_relaxed);
    add(taken_.ensure(events[i].row), weight);
    add(total_, weight);
    add(events_, 1);
  }
}

void ItemStatistics::chosen(uint32_t row, float expected, float taken) {
  add(expected_.ensure(row), expected);
  add(reached_.ensure(row), taken);
}

float ItemStatistics::trend(const Moment& moment, uint32_t row, double share) const {
  const Fading* const own = taken_.find(row);
  const double had = own ? faded(own->load(std::memory_order_relaxed), moment.stamp, moment.halfLife) : 0;
  return logRatio(had, share * moment.total, moment.prior);
}

float ItemStatistics::appeal(const Moment& moment, uint32_t row) const {
  const Fading* const expected = expected_.find(row);
  const Fading* const reached = reached_.find(row);
  if (!expected || !reached) return 0;
  return logRatio(faded(reached->load(std::memory_order_relaxed), moment.stamp, moment.halfLife),
                  faded(expected->load(std::memory_order_relaxed), moment.stamp, moment.halfLife), 1);
}

}  // namespace kairank
