#pragma once
// What the executor serves: tasks that wait in lanes. A lane is whatever answers tasks several at once (an engine's
// core, an index); its queue is its own, so that no lane's load refuses another's tasks.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "../include/outcome.h"

namespace kairank {

class Lane;

/// One question on its way through the pool.
class Task {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Task() = default;

  /// Where it waits and who serves it; always the same one.
  virtual std::shared_ptr<Lane> lane() const = 0;

  // Set before it is submitted, then only read.
  bool hasDeadline = false;
  Clock::time_point deadline{};

  // What came of it; written before `settled`.
  Outcome outcome;  // of this task alone; its lane's to set
  double waitedMicros = 0;
  double tookMicros = 0;

  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  /// Raised by `cancel`.
  const std::atomic<bool>& cancelled() const { return cancelled_; }

  /// True when nobody wants the answer any more.
  virtual bool abandoned() const { return cancelled().load(std::memory_order_relaxed); }

  /// False when its lane served only a part of it: it then waits for another turn.
  virtual bool finished() const { return true; }

  /// The end, told once, on any thread. `status` is ok when the answer is there, and `message` says why not otherwise.
  virtual void settled(Status status, const std::string& message) noexcept = 0;

 private:
  friend class Executor;

  std::atomic<bool> cancelled_{false};
  Clock::time_point queued_{};
};

class Lane {
 public:
  /// `name` is what messages call it. At most `queueLimit` tasks wait, and at most `batch` are served together. The
  /// first of a batch waits for others for up to `gather`, unless the batch is full before.
  Lane(const char* name, size_t queueLimit, size_t batch, Task::Clock::duration gather = {})
      : name_(name), queueLimit_(queueLimit), batch_(batch), gather_(gather) {}
  virtual ~Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// A closed lane takes no tasks any more.
  virtual bool closed() const { return false; }

  /// Answers `count` tasks of this lane, on a thread of the pool and on several at a time. What it throws is the
  /// outcome of all of them.
  virtual void serve(Task* const* tasks, size_t count) = 0;

 private:
  friend class Executor;

  const char* const name_;
  const size_t queueLimit_;
  const size_t batch_;
  const Task::Clock::duration gather_;
  std::deque<std::shared_ptr<Task>> waiting_;  // the executor's, under its lock
  bool listed_ = false;                        // in the executor's list of lanes with work
};

}  // namespace kairank
