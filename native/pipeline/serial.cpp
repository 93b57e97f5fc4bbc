#include "serial.h"

#include <thread>
#include <utility>

namespace kairank {

void Serial::run(std::function<void()> work) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back(std::move(work));
  if (draining_) return;
  try {
    std::thread([self = shared_from_this()] { self->drain(); }).detach();
  } catch (...) {
    waiting_.pop_back();
    throw;
  }
  draining_ = true;
}

void Serial::drain() {
  for (;;) {
    std::function<void()> work;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (waiting_.empty()) {
        draining_ = false;
        return;
      }
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace kairank
