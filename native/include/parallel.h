#pragma once
// Loops over threads of their own: training runs beside the request pool and must not occupy it.

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "control.h"

namespace kairank {

/// Calls body(thread, begin, end) for chunks of [0, count) on up to `threads` threads, the caller's among them. Which
/// thread gets a chunk is open; a body whose chunks do not depend on one another gives the same result at any number.
/// @throws what a body threw first; Error(aborted) when the job was cancelled between chunks.
template <typename Body>
void parallelFor(uint32_t threads, size_t count, size_t chunk, const Control& control, const Body& body) {
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&](size_t thread) {
    try {
      for (;;) {
        control.check();
        const size_t begin = next.fetch_add(chunk);
        if (begin >= count || failed.load(std::memory_order_relaxed)) return;
        body(thread, begin, std::min(begin + chunk, count));
      }
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  };
  const size_t useful = std::max<size_t>(1, std::min<size_t>(threads, (count + chunk - 1) / chunk));
  std::vector<std::thread> helpers;
  for (size_t t = 1; t < useful; t++) {
    try {
      helpers.emplace_back(work, t);
    } catch (const std::system_error&) {
      break;  // the system has no thread left for us: those that run do the work
    }
  }
  work(0);
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace kairank
