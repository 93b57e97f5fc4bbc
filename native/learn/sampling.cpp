#include "sampling.h"

#include <algorithm>
#include <numeric>

#include "../include/random.h"

namespace kairank {

namespace {

std::vector<uint32_t> sample(uint32_t count, size_t limit, uint64_t seed) {
  std::vector<uint32_t> chosen(count);
  std::iota(chosen.begin(), chosen.end(), 0u);
  if (count <= limit) return chosen;
  Random random(seed);
  for (size_t i = 0; i < limit; i++) std::swap(chosen[i], chosen[i + random.below(count - i)]);
  chosen.resize(limit);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

/// How many histories of average length have `events` events.
size_t historiesOf(const Histories& histories, size_t events) {
  if (histories.events.size() <= events) return histories.users();
  return std::max<size_t>(
      1, static_cast<size_t>(static_cast<double>(events) / histories.events.size() * histories.users()));
}

}  // namespace

std::vector<uint32_t> sampleHistories(const Histories& histories, size_t limit, size_t events, uint64_t seed) {
  return sample(histories.users(), std::min(limit, historiesOf(histories, events)), seed);
}

std::vector<uint32_t> sampleCases(const Cases& cases, size_t limit, size_t events, uint64_t seed) {
  return sampleHistories(cases.histories, limit, events, seed);
}

Histories sampleUsers(const Histories& histories, size_t events, uint64_t seed) {
  Histories out;
  out.offsets.push_back(0);
  for (uint32_t user : sample(histories.users(), historiesOf(histories, events), seed)) {
    const uint64_t end = histories.offsets[user + 1];
    // One history may be longer than all that is wanted: its last events then stand for it.
    const uint64_t begin = std::max<uint64_t>(histories.offsets[user], end - std::min<uint64_t>(end, events));
    out.events.insert(out.events.end(), histories.events.begin() + begin, histories.events.begin() + end);
    out.offsets.push_back(out.events.size());
  }
  return out;
}

}  // namespace kairank
