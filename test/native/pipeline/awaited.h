#pragma once
// Tasks whose end a test waits for, and doors to hold them up at.

#include <condition_variable>
#include <mutex>
#include <string>

#include "../../../native/pipeline/lane.h"

/// A door that threads wait at.
class Door {
 public:
  void open() {
    std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void awaitSomebody() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

/// A task of some lane whose end the test waits for.
template <typename Kind>
class Awaited : public Kind {
 public:
  Door* door = nullptr;  // held up at, when it settles

  void settled(kairank::Status status, const std::string&) noexcept override {
    if (door) door->pass();
    std::lock_guard<std::mutex> lock(mutex_);
    ++times_;
    status_ = status;
    changed_.notify_all();
  }
  kairank::Status await() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return times_ > 0; });
    return status_;
  }
  int times() {
    std::lock_guard<std::mutex> lock(mutex_);
    return times_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
  kairank::Status status_ = kairank::Status::ok;
};
