#pragma once
// Epochs: readers of shared state never lock, and what writers replace is freed when the last reader that could see
// it is gone (Fraser 2004, Practical lock-freedom, section 5.2.3). One domain for the process, one slot a thread.

#include <cstddef>

namespace kairank::epochs {

/// While one lives, nothing that this thread can still reach is freed. Cheap, and may be nested; a batch of requests
/// enters once. Keep it short: it holds back every thread's garbage.
class Guard {
 public:
  Guard();
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
};

/// Frees `pointer` with `deleter` after the grace period. The caller has already made it unreachable for readers that
/// come later. `bytes` is what it holds, so that large garbage is not kept waiting for company.
void retire(void* pointer, void (*deleter)(void*), size_t bytes);

/// Frees everything whose grace period has passed.
void collect();

/// Retired and not yet freed.
size_t pending();

}  // namespace kairank::epochs
