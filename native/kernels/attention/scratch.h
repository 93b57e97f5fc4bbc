#pragma once
// Working memory of the attention kernels: one block a thread, kept between calls, so that a request allocates nothing.

#include <cstddef>
#include <cstdint>

#include "../../include/limits.h"
#include "../table.h"

namespace kairank {

/// Several arrays in this thread's block, each on a cache line: add() them all, take() once, then at() each. They are
/// the caller's until the thread takes again; their contents are whatever they were.
class Scratch {
 public:
  template <typename T>
  struct Array {
    size_t offset;
  };

  template <typename T>
  Array<T> add(size_t count) {
    const size_t offset = size_;
    size_ += (count * sizeof(T) + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
    return {offset};
  }

  void take();

  template <typename T>
  T* at(Array<T> array) const {
    return reinterpret_cast<T*>(base_ + array.offset);
  }

 private:
  size_t size_ = 0;
  uint8_t* base_ = nullptr;
};

/// The output of every candidate when there is no event to attend to.
void zeroOutput(const AttentionTask& task);

}  // namespace kairank
