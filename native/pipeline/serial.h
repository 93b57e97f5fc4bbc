#pragma once
// Work that has an order of its own, such as the writes of one index.

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace kairank {

/// Runs what it is given one after another, in the order it was given, on a thread that ends when nothing is left.
class Serial : public std::enable_shared_from_this<Serial> {
 public:
  /// `work` throws nothing. @throws std::system_error when there is no thread to be had; then it is not run.
  void run(std::function<void()> work);

 private:
  void drain();

  std::mutex mutex_;
  std::deque<std::function<void()>> waiting_;
  bool draining_ = false;
};

}  // namespace kairank
