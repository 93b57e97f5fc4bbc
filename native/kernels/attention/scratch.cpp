#include "scratch.h"

#include <algorithm>
#include <memory>

namespace kairank {

void Scratch::take() {
  static thread_local std::unique_ptr<uint8_t[]> block;
  static thread_local size_t capacity = 0;
  const size_t needed = size_ + kRowAlignment;
  if (needed > capacity) {
    capacity = 0;
    block.reset();  // before the new block is there: the old contents are not needed
    block.reset(new uint8_t[needed]);
    capacity = needed;
  }
  const size_t misplaced = reinterpret_cast<uintptr_t>(block.get()) % kRowAlignment;
  base_ = block.get() + (misplaced == 0 ? 0 : kRowAlignment - misplaced);
}

void zeroOutput(const AttentionTask& task) {
  for (size_t i = 0; i < task.candidates; ++i) std::fill_n(task.out + i * task.outStride, task.valueDim, 0.0f);
}

}  // namespace kairank
