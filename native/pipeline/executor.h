#pragma once
// The pool: threads that take requests from bounded queues and answer them in batches.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "request.h"
#include "serve.h"

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

  /// Queues a request. Throws Error(overloaded) when as many of its core wait as may, Error(closed) when the core is
  /// closed; then it is not settled.
  void submit(std::shared_ptr<Request> request);

  /// Takes a request out of the queue, if it still waits there: true means that it will not be settled.
  bool withdraw(const Request& request);

  /// Settles what waits of a core that has closed.
  void drop(Core& core);

  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }

 private:
  using Batch = std::vector<std::shared_ptr<Request>>;

  void work();
  bool awaitWork(std::unique_lock<std::mutex>& lock);
  void take(Batch& batch);
  static void answer(Batch& batch, Server& server);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Core>> ready_;  // cores with waiting requests, next first
  size_t idle_ = 0;                          // threads without a batch
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kairank
