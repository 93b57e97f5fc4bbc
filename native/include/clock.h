#pragma once
// Time as long computations count it.

#include <chrono>

namespace kairank {

using Clock = std::chrono::steady_clock;

inline double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace kairank
