#pragma once
// When a search has to stop before its end.

#include <atomic>
#include <chrono>

#include "../include/status.h"

namespace kairank {

struct Interrupt {
  using Clock = std::chrono::steady_clock;

  const std::atomic<bool>* cancelled = nullptr;
  bool hasDeadline = false;
  Clock::time_point deadline{};

  bool due() const {
    return (cancelled && cancelled->load(std::memory_order_relaxed)) || (hasDeadline && Clock::now() >= deadline);
  }

  /// @throws Error(aborted) or Error(deadlineExceeded)
  void check() const {
    if (cancelled && cancelled->load(std::memory_order_relaxed)) {
      throw Error(Status::aborted, "The search was aborted.");
    }
    if (hasDeadline && Clock::now() >= deadline) {
      throw Error(Status::deadlineExceeded, "The deadline passed before there was an answer.");
    }
  }
};

}  // namespace kairank
