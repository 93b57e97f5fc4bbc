#pragma once
// Working memory of one kernel call, on a cache line.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "../include/limits.h"

namespace kairank {

/// `count` elements of a plain type, not initialised. Throws std::bad_alloc.
template <typename T>
class Scratch {
 public:
  explicit Scratch(size_t count) : block_(std::malloc(count * sizeof(T) + kRowAlignment)) {
    if (block_ == nullptr) throw std::bad_alloc();
    const uintptr_t address = reinterpret_cast<uintptr_t>(block_);
    data_ = reinterpret_cast<T*>((address + kRowAlignment - 1) / kRowAlignment * kRowAlignment);
  }
  ~Scratch() { std::free(block_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() { return data_; }

 private:
  void* block_;
  T* data_;
};

}  // namespace kairank
