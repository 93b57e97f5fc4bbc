#pragma once
// One question on its way through the pool: what the binding copied out of JavaScript, and what came of it.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../include/events.h"
#include "../include/status.h"
#include "core.h"
#include "stages.h"

namespace kairank {

enum class RequestMode { recommend, rank, similar };

class Request {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Request() = default;

  // What is asked; set before it is submitted, then only read.
  std::shared_ptr<Core> core;
  RequestMode mode = RequestMode::recommend;
  bool hasUser = false;
  uint32_t user = kNoRow;            // kNoRow: never heard of
  std::vector<HistoryEvent> events;  // of an anonymous visit or the item of `similar`, oldest first
  std::vector<uint32_t> given;       // rows to rank
  std::vector<uint32_t> excluded;
  std::shared_ptr<LiveFilter> filter;  // null: every item
  int excludeSeen = -1;                // -1: as the mode and the models say, else 0 or 1
  uint32_t k = 0;
  uint32_t candidates = 0;
  uint32_t reasons = 0;
  double now = 0;  // milliseconds since 1970
  bool hasDeadline = false;
  Clock::time_point deadline{};

  // What came of it; written before `settled`.
  Answer answer;
  std::vector<HistoryEvent> reasonEvents;  // answer.rows x reasons; row kNoRow where there are fewer
  std::vector<uint32_t> refused;           // given rows that may not be shown
  bool known = true;                       // false: a user was given who has no history
  double waitedMicros = 0;
  double tookMicros = 0;

  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  /// True when nobody wants the answer any more.
  virtual bool abandoned() const { return cancelled_.load(std::memory_order_relaxed); }

  /// The end, told once, on any thread. `status` is ok when the answer is there, and `message` says why not otherwise.
  virtual void settled(Status status, const std::string& message) noexcept = 0;

 private:
  friend class Executor;

  std::atomic<bool> cancelled_{false};
  Clock::time_point submitted_{};
};

}  // namespace kairank
