#pragma once
// An array that grows without moving: chunk c holds kFirst * 2^c entries, so that a table of 23 pointers reaches every
// u32 and an entry's address is its own for ever. Memory comes zeroed, and untouched pages cost nothing.

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <type_traits>

#include "../include/bits.h"

namespace kairank {

/// T must be valid as zero bytes and need no destructor (numbers, plain pointers, atomics of them).
template <typename T>
class ChunkedArray {
 public:
  /// Chunks begin at multiples of this, so a run of this many entries from such a multiple is contiguous.
  static constexpr uint32_t kFirst = 1024;

  static_assert(std::is_trivially_destructible<T>::value, "entries are freed without a destructor");

  ChunkedArray() = default;
  ChunkedArray(const ChunkedArray&) = delete;
  ChunkedArray& operator=(const ChunkedArray&) = delete;
  ~ChunkedArray() {
    for (std::atomic<T*>& chunk : chunks_) std::free(chunk.load(std::memory_order_relaxed));
  }

  /// The entry, or null when no `ensure` has reached it. Safe beside `ensure`.
  T* find(uint32_t index) const {
    const uint32_t chunk = chunkOf(index);
    T* entries = chunks_[chunk].load(std::memory_order_acquire);
    return entries ? entries + (index - firstOf(chunk)) : nullptr;
  }

  /// Makes the entry, and all before it, on first use; from any thread.
  T& ensure(uint32_t index) {
    if (T* entry = find(index)) return *entry;
    const uint32_t last = chunkOf(index);
    for (uint32_t chunk = 0; chunk <= last; ++chunk) {
      if (chunks_[chunk].load(std::memory_order_acquire)) continue;
      void* memory = std::calloc(size_t{kFirst} << chunk, sizeof(T));
      if (!memory) throw std::bad_alloc();
      T* none = nullptr;
      if (!chunks_[chunk].compare_exchange_strong(none, static_cast<T*>(memory), std::memory_order_acq_rel)) {
        std::free(memory);
      }
    }
    return *find(index);
  }

 private:
  static constexpr uint32_t kChunks = 23;

  static uint32_t chunkOf(uint32_t index) { return floorLog2(index / kFirst + 1); }
  static uint32_t firstOf(uint32_t chunk) { return ((1u << chunk) - 1) * kFirst; }

  std::array<std::atomic<T*>, kChunks> chunks_{};
};

}  // namespace kairank
