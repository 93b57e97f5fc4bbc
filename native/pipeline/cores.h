#pragma once
// How many threads this process may keep busy.

namespace kairank {

/// Cores by affinity and by the cgroup's quota, at least 1.
unsigned allowedCores();

/// Threads of the pool: KAIRANK_THREADS where it is a whole number from 1 to 1024, else max(1, allowedCores() - 1).
unsigned poolThreads();

}  // namespace kairank
