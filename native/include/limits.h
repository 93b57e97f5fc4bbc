#pragma once
// Limits that native code checks again, whatever JavaScript has checked before.

#include <cstddef>
#include <cstdint>

namespace kairank {

constexpr uint32_t kNoRow = 0xFFFFFFFFu;     // "no item": a search event, an unknown id
constexpr uint32_t kNoEvent = 0xFFFFFFFFu;   // "no event": fewer reasons than asked for
constexpr uint32_t kMaxDim = 4096;           // dimensions of a vector
constexpr uint32_t kMaxRows = 0xFFFFFFF0u;   // rows of an index
constexpr uint32_t kMaxK = 100000;           // results of one request
constexpr uint32_t kMaxCandidates = 100000;  // candidates of one request
constexpr uint32_t kMaxHeads = 64;           // attention heads
constexpr uint32_t kMaxAttended = 4096;      // events that attention looks at
constexpr size_t kRowAlignment = 64;         // bytes: a cache line, and a whole AVX-512 register

}  // namespace kairank
