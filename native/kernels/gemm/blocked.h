#pragma once
// How a large product becomes many small tiles (Goto & van de Geijn 2008): a block of B is packed into panels as wide
// as a tile, a panel stays in the first cache while a block of A, held by the second, passes over it. A is read as it
// lies, unless it is transposed: then the rows of a tile would touch a cache line for every k, and it is packed too.
//
// A target gives a Tile: kRows and kColumns, and run<rows>(TileTask). The tiles of AMX (amx.cpp) go another way,
// because both of their factors are packed in bf16.

#include <algorithm>
#include <cstddef>

#include "../scratch.h"
#include "../table.h"

namespace kairank {

/// The product of `rows` rows of A with one packed panel.
struct TileTask {
  const float* a;  // entry (r, p) at a[r * rowStep + p * depthStep]
  size_t rowStep;
  size_t depthStep;
  const float* panel;  // depth x kColumns
  size_t depth;
  float* c;
  size_t ldc;
  size_t columns;  // of C that exist, at most kColumns
  bool accumulate;
};

// Internal linkage throughout: each target compiles its own, and the linker must not merge them.
namespace {

constexpr size_t kGemmDepth = 256;         // of a block
constexpr size_t kGemmBlockA = 48 << 10;   // floats of A that stay in the second cache
constexpr size_t kGemmBlockB = 128 << 10;  // floats of B that are packed at once

inline size_t roundUp(size_t n, size_t step) { return (n + step - 1) / step * step; }

/// How many rows or columns of `size`, in whole steps, are packed at once: what the budget holds, at least one step.
inline size_t blockOf(size_t budget, size_t depth, size_t step, size_t size) {
  return std::min(std::max<size_t>(1, budget / depth / step) * step, roundUp(size, step));
}

/// True where nothing is to be multiplied; C is then what it should be.
inline bool isEmptyProduct(const GemmTask& task) {
  if (task.m == 0 || task.n == 0) return true;
  if (task.k > 0) return false;
  for (size_t i = 0; !task.accumulate && i < task.m; ++i) std::fill_n(task.c + i * task.ldc, task.n, 0.0f);
  return true;
}

/// Rows first .. first + depth of op(B), columns from `column`, as panels; columns beyond the last are zeros.
template <typename Tile>
void packB(const GemmTask& task, size_t first, size_t depth, size_t column, size_t columns, float* to) {
  for (size_t panel = 0; panel < columns; panel += Tile::kColumns, to += depth * Tile::kColumns) {
    const size_t width = std::min(Tile::kColumns, columns - panel);
    if (width < Tile::kColumns) std::fill_n(to, depth * Tile::kColumns, 0.0f);
    if (task.transposeB) {
      for (size_t j = 0; j < width; ++j) {
        const float* from = task.b + (column + panel + j) * task.ldb + first;
        for (size_t p = 0; p < depth; ++p) to[p * Tile::kColumns + j] = from[p];
      }
    } else {
      for (size_t p = 0; p < depth; ++p) {
        const float* from = task.b + (first + p) * task.ldb + column + panel;
        for (size_t j = 0; j < width; ++j) to[p * Tile::kColumns + j] = from[j];
      }
    }
  }
}

/// Rows of op(A) where A is stored transposed, kRows at a time, the rows of a group side by side for every k.
template <typename Tile>
void packTransposedA(const GemmTask& task, size_t first, size_t depth, size_t row, size_t rows, float* to) {
  for (size_t group = 0; group < rows; group += Tile::kRows, to += depth * Tile::kRows) {
    const size_t height = std::min(Tile::kRows, rows - group);
    for (size_t p = 0; p < depth; ++p) {
      const float* from = task.a + (first + p) * task.lda + row + group;
      for (size_t r = 0; r < height; ++r) to[p * Tile::kRows + r] = from[r];
    }
  }
}

template <typename Tile, size_t kRows>
void runRows(size_t rows, const TileTask& tile) {
  if (rows == kRows) {
    Tile::template run<kRows>(tile);
  } else if constexpr (kRows > 1) {
    runRows<Tile, kRows - 1>(rows, tile);
  }
}

template <typename Tile>
void runGemm(const GemmTask& task) {
  if (isEmptyProduct(task)) return;
  const size_t deepest = std::min(kGemmDepth, task.k);
  const size_t rowBlock = blockOf(kGemmBlockA, deepest, Tile::kRows, task.m);
  const size_t columnBlock = blockOf(kGemmBlockB, deepest, Tile::kColumns, task.n);
  Scratch<float> panels(deepest * columnBlock);
  Scratch<float> packedA(task.transposeA ? deepest * rowBlock : 0);
  for (size_t first = 0; first < task.k; first += deepest) {
    const size_t depth = std::min(deepest, task.k - first);
    for (size_t column = 0; column < task.n; column += columnBlock) {
      const size_t columns = std::min(columnBlock, task.n - column);
      packB<Tile>(task, first, depth, column, columns, panels.data());
      for (size_t row = 0; row < task.m; row += rowBlock) {
        const size_t rows = std::min(rowBlock, task.m - row);
        if (task.transposeA) packTransposedA<Tile>(task, first, depth, row, rows, packedA.data());
        for (size_t j = 0; j < columns; j += Tile::kColumns) {
          TileTask tile;
          tile.rowStep = task.transposeA ? 1 : task.lda;
          tile.depthStep = task.transposeA ? Tile::kRows : 1;
          tile.panel = panels.data() + j * depth;
          tile.depth = depth;
          tile.ldc = task.ldc;
          tile.columns = std::min(Tile::kColumns, columns - j);
          tile.accumulate = task.accumulate || first > 0;
          for (size_t i = 0; i < rows; i += Tile::kRows) {
            tile.a = task.transposeA ? packedA.data() + i * depth : task.a + (row + i) * task.lda + first;
            tile.c = task.c + (row + i) * task.ldc + column + j;
            runRows<Tile, Tile::kRows>(std::min(Tile::kRows, rows - i), tile);
          }
        }
      }
    }
  }
}

/// Adds a tile that does not fill its columns, or sets it.
inline void storePartly(const float* sums, size_t step, size_t rows, const TileTask& tile) {
  for (size_t r = 0; r < rows; ++r) {
    float* to = tile.c + r * tile.ldc;
    for (size_t j = 0; j < tile.columns; ++j) to[j] = sums[r * step + j] + (tile.accumulate ? to[j] : 0.0f);
  }
}

}  // namespace
}  // namespace kairank
