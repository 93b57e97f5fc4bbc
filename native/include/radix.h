#pragma once
// Sorting of a few hundred numbered keys, again and again: passes over their bytes, without a comparison to mispredict.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kairank {

struct Keyed {
  uint32_t key;
  uint32_t index;
};

/// Sorts by key, rising; equal keys keep their order (least significant digit first; Knuth, volume 3, 5.2.5). `spare`
/// is working memory.
inline void radixSort(std::vector<Keyed>& items, std::vector<Keyed>& spare) {
  spare.resize(items.size());
  for (uint32_t shift = 0; shift < 32; shift += 8) {
    std::array<uint32_t, 256> starts{};
    for (const Keyed& item : items) starts[(item.key >> shift) & 255]++;
    uint32_t before = 0;
    for (uint32_t& start : starts) {
      const uint32_t own = start;
      start = before;
      before += own;
    }
    for (const Keyed& item : items) spare[starts[(item.key >> shift) & 255]++] = item;
    items.swap(spare);
  }
}

}  // namespace kairank
