#pragma once
// Seeded samples that keep a search's cost bounded whatever the size of the shop.

#include <vector>

#include "dataset.h"

namespace kairank {

/// At most `limit` histories that have about `events` events in all; ascending. All of them where that is enough.
std::vector<uint32_t> sampleHistories(const Histories& histories, size_t limit, size_t events, uint64_t seed);

/// The same of cases, by their histories.
std::vector<uint32_t> sampleCases(const Cases& cases, size_t limit, size_t events, uint64_t seed);

/// Whole histories of users, about `events` events in all, the order of users kept; of a history longer than that, the
/// last `events`.
Histories sampleUsers(const Histories& histories, size_t events, uint64_t seed);

}  // namespace kairank
