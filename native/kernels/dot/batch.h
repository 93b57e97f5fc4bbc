#pragma once
// What every m x n kernel has in common. A vector is a sequence of words of 4 bytes (an f32, two bf16 or int16, four
// int8), and a micro-kernel multiplies a tile of queries by a group of rows word by word. The queries of a tile are
// packed so that one word of all of them is one run of lanes; a row stays as it is, or is encoded word by word into a
// block that stays in the cache while all tiles of queries pass over it.
//
// A micro-kernel is a class `Tile` of static members:
//   In, Out                types of the elements and of the scores
//   kLanes, kVectors       queries of one vector, and vectors of the widest tile
//   kRows                  rows of a group
//   kStepMultiple          words of a vector are padded with zeros to a multiple of this
//   kFewest                with fewer queries than this it is quicker to take them one by one
//   words(dim)             words of a vector, before padding
//   readsRows(dim)         whether rows can be read where they lie
//   encodeRow(row, dim, to), encodeQuery(query, dim, to)    write words(dim) words
//   initial(query, dim)    what the accumulators of a query begin with
//   compute(vectors, packed, rows, rowBytes, steps, out, outStride)
//                          scores of a tile of queries (all lanes) and kRows rows
//   dot(query, rows, stride, count, dim, out)               scores of one query

#include <algorithm>
#include <cstring>

#include "../scratch.h"

namespace kairank {

constexpr size_t kWord = 4;
constexpr size_t kPackedBytes = size_t{256} << 10;  // packed queries: a share of the second-level cache
constexpr size_t kBlockBytes = size_t{64} << 10;    // rows that all of them pass over

/// Sizes of one call, in words and rows.
struct BatchShape {
  size_t words;      // of a vector
  size_t steps;      // words of a padded vector
  size_t chunk;      // queries packed at a time
  size_t blockRows;  // rows of a block
};

template <class Tile>
BatchShape batchShape(size_t dim) {
  constexpr size_t kWidth = Tile::kLanes * Tile::kVectors;
  BatchShape shape{};
  shape.words = Tile::words(dim);
  shape.steps = (shape.words + Tile::kStepMultiple - 1) / Tile::kStepMultiple * Tile::kStepMultiple;
  const size_t bytes = std::max(shape.steps, size_t{1}) * kWord;
  shape.chunk = std::max(kPackedBytes / bytes / kWidth, size_t{1}) * kWidth;
  shape.blockRows = std::max(kBlockBytes / bytes / Tile::kRows, size_t{1}) * Tile::kRows;
  return shape;
}

/// Packs one tile of queries: the words that the accumulators begin with, then word 0 of every query, word 1, ...
/// Lanes without a query are zeros.
template <class Tile>
void packTile(const typename Tile::In* queries, size_t stride, size_t count, size_t width, size_t dim,
              const BatchShape& shape, char* words, char* packed) {
  std::memset(packed, 0, (shape.steps + 1) * width * kWord);
  for (size_t lane = 0; lane < count; ++lane) {
    const typename Tile::In* query = queries + lane * stride;
    const typename Tile::Out initial = Tile::initial(query, dim);
    std::memcpy(packed + lane * kWord, &initial, kWord);
    Tile::encodeQuery(query, dim, words);
    for (size_t k = 0; k < shape.words; ++k) {
      std::memcpy(packed + ((k + 1) * width + lane) * kWord, words + k * kWord, kWord);
    }
  }
}

/// Rows where a micro-kernel can read them: `count` rows, padded with zeros to whole groups.
struct RowBlock {
  const char* data;
  size_t stride;  // bytes
};

template <class Tile>
RowBlock encodeRows(const typename Tile::In* rows, size_t stride, size_t count, size_t dim, const BatchShape& shape,
                    char* block) {
  if (Tile::readsRows(dim) && count % Tile::kRows == 0) {
    return {reinterpret_cast<const char*>(rows), stride * sizeof(typename Tile::In)};
  }
  const size_t bytes = shape.steps * kWord;
  const size_t padded = (count + Tile::kRows - 1) / Tile::kRows * Tile::kRows;
  for (size_t i = 0; i < count; ++i) {
    char* to = block + i * bytes;
    Tile::encodeRow(rows + i * stride, dim, to);
    if (shape.steps > shape.words) std::memset(to + shape.words * kWord, 0, bytes - shape.words * kWord);
  }
  std::memset(block + count * bytes, 0, (padded - count) * bytes);
  return {block, bytes};
}

/// Scores of one packed tile against a block of rows; out is where the first query meets the first row.
template <class Tile>
void scoreTile(const char* packed, size_t vectors, size_t queries, const RowBlock& block, size_t count, size_t steps,
               typename Tile::Out* out, size_t outStride) {
  alignas(64) typename Tile::Out edge[Tile::kLanes * Tile::kVectors * Tile::kRows];
  for (size_t j = 0; j < count; j += Tile::kRows) {
    const char* rows = block.data + j * block.stride;
    if (queries == vectors * Tile::kLanes && count - j >= Tile::kRows) {
      Tile::compute(vectors, packed, rows, block.stride, steps, out + j, outStride);
      continue;
    }
    Tile::compute(vectors, packed, rows, block.stride, steps, edge, Tile::kRows);
    const size_t width = std::min(count - j, Tile::kRows) * sizeof(typename Tile::Out);
    for (size_t i = 0; i < queries; ++i) std::memcpy(out + i * outStride + j, edge + i * Tile::kRows, width);
  }
}

/// Few queries: one by one over blocks of rows that stay in the cache.
template <class Tile>
void batchOneByOne(const typename Tile::In* queries, size_t queryStride, size_t m, const typename Tile::In* rows,
                   size_t rowStride, size_t n, size_t dim, typename Tile::Out* out, size_t outStride) {
  const size_t bytes = std::max(dim, size_t{1}) * sizeof(typename Tile::In);
  const size_t blockRows = m == 1 ? std::max(n, size_t{1}) : std::max(kBlockBytes / 4 / bytes, size_t{4});
  for (size_t j = 0; j < n; j += blockRows) {
    const size_t count = std::min(blockRows, n - j);
    for (size_t i = 0; i < m; ++i) {
      Tile::dot(queries + i * queryStride, rows + j * rowStride, rowStride, count, dim, out + i * outStride + j);
    }
  }
}

/// Queries of a tile: as few tiles as there can be, and those as even as whole vectors allow, because a tile that is
/// nearly empty costs more than its share.
template <class Tile>
size_t tileWidth(size_t queries) {
  const size_t vectors = (queries + Tile::kLanes - 1) / Tile::kLanes;
  const size_t tiles = (vectors + Tile::kVectors - 1) / Tile::kVectors;
  return (vectors + tiles - 1) / tiles * Tile::kLanes;
}

/// out[i * outStride + j] = <query_i, row_j>.
template <class Tile>
void runBatch(const typename Tile::In* queries, size_t queryStride, size_t m, const typename Tile::In* rows,
              size_t rowStride, size_t n, size_t dim, typename Tile::Out* out, size_t outStride) {
  if (m == 0 || n == 0) return;
  if (m < Tile::kFewest) {
    batchOneByOne<Tile>(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
    return;
  }
  const BatchShape shape = batchShape<Tile>(dim);
  const size_t widest = tileWidth<Tile>(std::min(shape.chunk, m));
  const size_t tileBytes = (shape.steps + 1) * widest * kWord;
  const size_t mostTiles = (std::min(shape.chunk, m) + widest - 1) / widest;
  const size_t mostRows = (std::min(shape.blockRows, n) + Tile::kRows - 1) / Tile::kRows * Tile::kRows;
  Scratch<char> packed(mostTiles * tileBytes);
  Scratch<char> encoded(mostRows * shape.steps * kWord);
  Scratch<char> words(shape.steps * kWord);

  for (size_t first = 0; first < m; first += shape.chunk) {
    const size_t chunk = std::min(shape.chunk, m - first);
    for (size_t i = 0; i < chunk; i += widest) {
      const size_t count = std::min(widest, chunk - i);
      const size_t width = (count + Tile::kLanes - 1) / Tile::kLanes * Tile::kLanes;
      packTile<Tile>(queries + (first + i) * queryStride, queryStride, count, width, dim, shape, words.data(),
                     packed.data() + i / widest * tileBytes);
    }
    for (size_t j = 0; j < n; j += shape.blockRows) {
      const size_t count = std::min(shape.blockRows, n - j);
      const RowBlock block = encodeRows<Tile>(rows + j * rowStride, rowStride, count, dim, shape, encoded.data());
      for (size_t i = 0; i < chunk; i += widest) {
        const size_t queriesOfTile = std::min(widest, chunk - i);
        const size_t vectors = (queriesOfTile + Tile::kLanes - 1) / Tile::kLanes;
        scoreTile<Tile>(packed.data() + i / widest * tileBytes, vectors, queriesOfTile, block, count, shape.steps,
                        out + (first + i) * outStride + j, outStride);
      }
    }
  }
}

}  // namespace kairank
