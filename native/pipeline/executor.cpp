#include "executor.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "cores.h"

namespace kairank {

namespace {

double microsBetween(Task::Clock::time_point from, Task::Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

std::string closedMessage(const char* name) { return std::string("The ") + name + " is closed."; }

}  // namespace

Executor& Executor::shared() {
  static Executor* const pool = new Executor(poolThreads());
  return *pool;
}

Executor::Executor(unsigned threads) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: fewer will do, but none will not.
      if (threads_.empty()) throw;
      break;
    }
  }
}

Executor::~Executor() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (const std::shared_ptr<Lane>& lane : ready_) drop(*lane);
}

void Executor::submit(std::shared_ptr<Task> task) {
  std::shared_ptr<Lane> lane = task->lane();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (lane->closed()) throw Error(Status::closed, closedMessage(lane->name_));
    if (lane->waiting_.size() >= lane->queueLimit_) {
      throw Error(Status::overloaded,
                  std::to_string(lane->waiting_.size()) + " requests wait already; try again later.");
    }
    enqueue(std::move(lane), std::move(task));
    if (idle_ == 0) return;
  }
  wake_.notify_one();
}

/// Puts a task at the end of its lane; the lock is held.
void Executor::enqueue(std::shared_ptr<Lane> lane, std::shared_ptr<Task> task) {
  task->queued_ = Task::Clock::now();
  lane->waiting_.push_back(std::move(task));
  if (lane->listed_) return;
  lane->listed_ = true;
  ready_.push_back(std::move(lane));
}

/// Another turn for a task that was served in part. It has its place already: no limit refuses it.
void Executor::resume(const std::shared_ptr<Lane>& lane, std::shared_ptr<Task> task) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!lane->closed()) {
      enqueue(lane, std::move(task));
      // This thread looks for work next; another one may share it.
      if (idle_ > 0) wake_.notify_one();
      return;
    }
  }
  task->settled(Status::closed, closedMessage(lane->name_));
}

bool Executor::withdraw(const Task& task) {
  const std::shared_ptr<Lane> lane = task.lane();
  std::shared_ptr<Task> withdrawn;
  std::lock_guard<std::mutex> lock(mutex_);
  auto& waiting = lane->waiting_;
  const auto found = std::find_if(waiting.begin(), waiting.end(),
                                  [&task](const std::shared_ptr<Task>& one) { return one.get() == &task; });
  if (found == waiting.end()) return false;
  withdrawn = std::move(*found);
  waiting.erase(found);
  return true;
}

void Executor::drop(Lane& lane) {
  std::deque<std::shared_ptr<Task>> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    dropped.swap(lane.waiting_);
  }
  for (const std::shared_ptr<Task>& task : dropped) task->settled(Status::closed, closedMessage(lane.name_));
}

/// A batch of the first lane whose time has come; where none has, null, and when the first will have. The lock is held.
std::shared_ptr<Lane> Executor::take(Batch& batch, Task::Clock::time_point& due) {
  const Task::Clock::time_point now = Task::Clock::now();
  due = Task::Clock::time_point::max();
  for (size_t lanes = ready_.size(); lanes > 0; --lanes) {
    std::shared_ptr<Lane> lane = std::move(ready_.front());
    ready_.pop_front();
    auto& waiting = lane->waiting_;
    lane->listed_ = !waiting.empty();
    if (waiting.empty()) continue;
    const bool gathers = lane->gather_ > Task::Clock::duration::zero();
    const Task::Clock::time_point begins = waiting.front()->queued_ + lane->gather_;
    if (gathers && waiting.size() < lane->batch_ && now < begins) {
      due = std::min(due, begins);
      ready_.push_back(std::move(lane));
      continue;
    }
    // What waits is shared out among the threads that are free, so that batches form under load only; what was gathered
    // stays together.
    const size_t fair = gathers ? waiting.size() : (waiting.size() + idle_) / (idle_ + 1);
    for (size_t left = std::min(fair, lane->batch_); left > 0; --left) {
      batch.push_back(std::move(waiting.front()));
      waiting.pop_front();
    }
    lane->listed_ = !waiting.empty();
    if (lane->listed_) ready_.push_back(lane);
    return lane;
  }
  return nullptr;
}

/// The next batch and its lane; null when the pool stops.
std::shared_ptr<Lane> Executor::await(Batch& batch) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    Task::Clock::time_point due;
    if (std::shared_ptr<Lane> lane = take(batch, due)) return lane;
    ++idle_;
    if (due == Task::Clock::time_point::max()) {
      wake_.wait(lock);
    } else {
      wake_.wait_until(lock, due);
    }
    --idle_;
  }
  return nullptr;
}

void Executor::work() {
  Batch batch;
  std::vector<Task*> live;
  while (const std::shared_ptr<Lane> lane = await(batch)) {
    answer(lane, batch, live);
    batch.clear();
  }
}

void Executor::answer(const std::shared_ptr<Lane>& lane, Batch& batch, std::vector<Task*>& live) {
  const Task::Clock::time_point start = Task::Clock::now();
  live.clear();
  for (std::shared_ptr<Task>& task : batch) {
    task->waitedMicros += microsBetween(task->queued_, start);
    if (task->abandoned()) {
      task->settled(Status::aborted, "The call was aborted.");
      task.reset();
    } else if (task->hasDeadline && start >= task->deadline) {
      task->settled(Status::deadlineExceeded, "The deadline passed before there was an answer.");
      task.reset();
    } else {
      live.push_back(task.get());
    }
  }
  if (live.empty()) return;
  const Outcome whole = outcomeOf([&] { lane->serve(live.data(), live.size()); });
  const double took = microsBetween(start, Task::Clock::now());
  for (std::shared_ptr<Task>& task : batch) {
    if (!task) continue;
    task->tookMicros += took;
    const Outcome& outcome = whole.ok() ? task->outcome : whole;
    if (outcome.ok() && !task->finished()) {
      resume(lane, std::move(task));
    } else {
      task->settled(outcome.status, outcome.message);
    }
  }
}

}  // namespace kairank
