#pragma once
// What the gather kernels of every target with vectors have in common: rows are taken four at a time, so that their
// horizontal sums and their trailers share the shuffles.

#include <cstddef>
#include <cstdint>

#include "../unroll.h"

namespace kairank {
namespace gather {

constexpr size_t kBlock = 32;  // bytes of a row
constexpr size_t kRows = 4;

/// Where the rows of a group begin. Of a group that is not full the last row stands for those that are missing.
struct Group {
  const uint8_t* at[kRows];

  Group(const uint8_t* codes, size_t stride, const uint32_t* rows, size_t count) {
    KAIRANK_UNROLL
    for (size_t r = 0; r < kRows; ++r) at[r] = codes + rows[r < count ? r : count - 1] * stride;
  }
};

}  // namespace gather
}  // namespace kairank
