#include "executor.h"

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

#include "cores.h"

namespace kairank {

namespace {

constexpr const char* kClosedMessage = "The engine is closed.";

double microsBetween(Request::Clock::time_point from, Request::Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

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
  std::vector<std::shared_ptr<Core>> left;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    left.assign(ready_.begin(), ready_.end());
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (const std::shared_ptr<Core>& core : left) drop(*core);
}

void Executor::submit(std::shared_ptr<Request> request) {
  request->submitted_ = Request::Clock::now();
  Core& core = *request->core;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (core.closed()) throw Error(Status::closed, kClosedMessage);
    if (core.lane.waiting.size() >= core.settings().queueLimit) {
      throw Error(Status::overloaded,
                  std::to_string(core.lane.waiting.size()) + " requests wait already; try again later.");
    }
    if (!core.lane.listed) {
      ready_.push_back(request->core);
      core.lane.listed = true;
    }
    core.lane.waiting.push_back(std::move(request));
    if (idle_ == 0) return;
  }
  wake_.notify_one();
}

bool Executor::withdraw(const Request& request) {
  std::shared_ptr<Request> withdrawn;
  std::lock_guard<std::mutex> lock(mutex_);
  auto& waiting = request.core->lane.waiting;
  const auto found = std::find_if(waiting.begin(), waiting.end(),
                                  [&request](const std::shared_ptr<Request>& one) { return one.get() == &request; });
  if (found == waiting.end()) return false;
  withdrawn = std::move(*found);
  waiting.erase(found);
  return true;
}

void Executor::drop(Core& core) {
  std::deque<std::shared_ptr<Request>> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    dropped.swap(core.lane.waiting);
  }
  for (const std::shared_ptr<Request>& request : dropped) request->settled(Status::closed, kClosedMessage);
}

void Executor::take(Batch& batch) {
  while (!ready_.empty()) {
    std::shared_ptr<Core> core = std::move(ready_.front());
    ready_.pop_front();
    auto& waiting = core->lane.waiting;
    // What waits is shared out among the threads that are free, so that batches form under load only.
    const size_t fair = (waiting.size() + idle_) / (idle_ + 1);
    for (size_t left = std::min(fair, kServeBatch); left > 0; --left) {
      batch.push_back(std::move(waiting.front()));
      waiting.pop_front();
    }
    core->lane.listed = !waiting.empty();
    if (core->lane.listed) ready_.push_back(std::move(core));
    if (!batch.empty()) return;
  }
}

bool Executor::awaitWork(std::unique_lock<std::mutex>& lock) {
  ++idle_;
  wake_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
  --idle_;
  return !stopping_;
}

void Executor::work() {
  Server server;
  Batch batch;
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (!awaitWork(lock)) return;
      take(batch);
    }
    answer(batch, server);
    batch.clear();
  }
}

void Executor::answer(Batch& batch, Server& server) {
  const Request::Clock::time_point start = Request::Clock::now();
  Request* live[kServeBatch];
  size_t count = 0;
  for (const std::shared_ptr<Request>& request : batch) {
    request->waitedMicros = microsBetween(request->submitted_, start);
    if (request->abandoned()) {
      request->settled(Status::aborted, "The call was aborted.");
    } else if (request->hasDeadline && start >= request->deadline) {
      request->settled(Status::deadlineExceeded, "The deadline passed before there was an answer.");
    } else {
      live[count++] = request.get();
    }
  }
  if (count == 0) return;
  Status status = Status::ok;
  std::string message;
  try {
    server.serve(*live[0]->core, live, count);
  } catch (const Error& error) {
    status = error.status();
    message = error.what();
  } catch (const std::bad_alloc&) {
    status = Status::outOfMemory;
    message = "There is not enough memory.";
  } catch (const std::exception& error) {
    status = Status::internal;
    message = error.what();
  }
  const double took = microsBetween(start, Request::Clock::now());
  for (size_t i = 0; i < count; ++i) {
    live[i]->tookMicros = took;
    live[i]->settled(status, message);
  }
}

}  // namespace kairank
