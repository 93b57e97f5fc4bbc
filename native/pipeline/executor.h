#pragma once
// The pool: threads that take tasks from the bounded queues of lanes and have them served in batches.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "lane.h"

namespace kairank {

class Executor {
 public:
  /// The pool of the process, started on first use and never taken down: its threads may outlive every environment
  /// and every static object.
  static Executor& shared();

  explicit Executor(unsigned threads);

  /// Lets the threads finish what they have begun, settles the rest with `closed`.
  ~Executor();

  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Queues a task. Throws Error(overloaded) when as many of its lane wait as may, Error(closed) when the lane is
  /// closed; then it is not settled.
  void submit(std::shared_ptr<Task> task);

  /// Takes a task out of the queue, if it still waits there: true means that it will not be settled.
  bool withdraw(const Task& task);

  /// Settles what waits in a lane that has closed.
  void drop(Lane& lane);

  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }

 private:
  using Batch = std::vector<std::shared_ptr<Task>>;

  void work();
  std::shared_ptr<Lane> await(Batch& batch);
  std::shared_ptr<Lane> take(Batch& batch, Task::Clock::time_point& due);
  void answer(const std::shared_ptr<Lane>& lane, Batch& batch, std::vector<Task*>& live);
  void enqueue(std::shared_ptr<Lane> lane, std::shared_ptr<Task> task);
  void resume(const std::shared_ptr<Lane>& lane, std::shared_ptr<Task> task);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Lane>> ready_;  // lanes with waiting tasks, next first
  size_t idle_ = 0;                          // threads without a batch
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kairank
