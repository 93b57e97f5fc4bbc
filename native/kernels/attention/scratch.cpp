#include "scratch.h"

#include <cstdint>
#include <memory>

#include "../../include/limits.h"

namespace kairank {

void* attentionScratch(size_t bytes) {
  static thread_local std::unique_ptr<uint8_t[]> block;
  static thread_local size_t capacity = 0;
  const size_t needed = bytes + kRowAlignment;
  if (needed > capacity) {
    capacity = 0;
    block.reset();  // before the new block is there: the old contents are not needed
    block.reset(new uint8_t[needed]);
    capacity = needed;
  }
  const uintptr_t start = reinterpret_cast<uintptr_t>(block.get());
  return reinterpret_cast<void*>((start + kRowAlignment - 1) / kRowAlignment * kRowAlignment);
}

}  // namespace kairank
