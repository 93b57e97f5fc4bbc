#pragma once
// What the attention kernels share beside arithmetic.

#include <algorithm>
#include <cstddef>

#include "../table.h"

namespace kairank {

constexpr size_t roundUp(size_t n, size_t step) { return (n + step - 1) / step * step; }

/// The output and the means of every candidate when there is no event to attend to.
inline void zeroOutput(const AttentionTask& task) {
  if (task.means != nullptr) std::fill_n(task.means, task.candidates * task.heads, 0.0f);
  if (task.out == nullptr) return;
  for (size_t i = 0; i < task.candidates; ++i) std::fill_n(task.out + i * task.outStride, task.valueDim, 0.0f);
}

}  // namespace kairank
