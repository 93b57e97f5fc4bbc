#pragma once
// The order in which a file has the rows of an index. A walk reads rows that are linked to each other: when they lie
// next to each other too, the first walks after opening ask the disk for few places instead of thousands, and later
// ones find more of what they need in the same page and cache line.

#include <array>
#include <cstdint>
#include <vector>

#include "graph.h"
#include "memory.h"

namespace kairank {

struct FileOrder {
  std::vector<uint32_t> rows;                    // by place in the file
  std::vector<uint32_t> places;                  // by row; kNoRow for one that the file leaves out
  std::array<uint32_t, kMaxLevel + 1> levels{};  // rows above the bottom, by level; [0]: 0
};

/// Of the rows that are live or gone, by level from the highest, and within a level by neighbourhood. The same index
/// gives the same order.
FileOrder orderByGraph(const Graph& graph, const RowBits& live, const RowBits& gone, uint32_t rows);

/// Of the live rows, as they are: without a graph, rows that are not live mean nothing.
FileOrder orderAsTheyAre(const RowBits& live, uint32_t rows);

}  // namespace kairank
