#pragma once
// Rows are read group by group; the lines of a later group are asked for while this one is multiplied.

#include <cstddef>

#if defined(_MSC_VER) && !defined(__clang__) && defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace kairank {

constexpr size_t kLineBytes = 64;
constexpr size_t kPrefetchDistance = 2048;  // beyond the group that comes next
constexpr size_t kMostPrefetched = 8192;    // of long rows the processor sees the stream by itself

/// Asks for as many bytes as a group of `elements` has, some way after `next`. Never faults, wherever that lies.
template <typename T>
inline void prefetchAfter(const T* next, size_t elements) {
  const size_t bytes = elements * sizeof(T) < kMostPrefetched ? elements * sizeof(T) : kMostPrefetched;
  const char* from = reinterpret_cast<const char*>(next) + kPrefetchDistance;
  for (size_t at = 0; at < bytes; at += kLineBytes) {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(from + at);
#elif defined(_M_X64)
    _mm_prefetch(from + at, _MM_HINT_T0);
#endif
  }
}

}  // namespace kairank
