#include "graph.h"

#include <algorithm>
#include <cmath>

#include "../include/random.h"
#include "../include/status.h"
#include "rows.h"

namespace kairank {

namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ull;

}  // namespace

Graph::Graph(const IndexSettings& settings) : bottom_(settings.m * 2), upper_(settings.m), seed_(settings.seed) {
  const size_t most = mostRows(settings);
  links_.reserve(most * bottom_);
  levels_.reserve(most);
  blockLevels_.reserve(most);
  blocks_.reserve(most);
  // One row in m has upper links, m of them a level: on average a little more than one a row.
  upperLinks_.reserve(std::min<size_t>(most * 2 + size_t{kMaxLevel} * upper_ * 64, UINT32_MAX) +
                      size_t{kMaxLevel} * upper_);
}

void Graph::ensure(uint32_t rows) {
  links_.ensure(static_cast<size_t>(rows) * bottom_);
  levels_.ensure(rows);
  blockLevels_.ensure(rows);
  blocks_.ensure(rows);
}

uint32_t Graph::read(uint32_t row, uint32_t level, uint32_t rows, uint32_t* out) const {
  if (!reaches(row, level)) return 0;
  const Link* from = links(row, level);
  const uint32_t most = capacity(level);
  uint32_t count = 0;
  for (uint32_t i = 0; i < most; i++) {
    const uint32_t to = from[i].load(std::memory_order_acquire);
    if (to == kNoRow) break;
    if (to < rows) out[count++] = to;
  }
  return count;
}

void Graph::open(uint32_t row, uint32_t level) {
  // Blocks of rows that were closed are found by their old level, which stays beside the block.
  const uint8_t before = blockLevels_[row].load(std::memory_order_relaxed);
  if (before != level) {
    if (before > 0) freeBlocks_[before].push_back(blocks_[row].load(std::memory_order_relaxed));
    blockLevels_[row].store(0, std::memory_order_release);
    if (level > 0) blocks_[row].store(takeBlock(level), std::memory_order_release);
    blockLevels_[row].store(static_cast<uint8_t>(level), std::memory_order_release);
  }
  for (uint32_t l = 0; l <= level; l++) write(row, l, nullptr, 0);
  levels_[row].store(static_cast<uint8_t>(level + 1), std::memory_order_release);
}

/// A block more than asked for can be read, so that a reader that an altered file has led to a row in the hands of a
/// writer stays within the array, whichever of the row's places and levels it sees.
void Graph::ensureUpper(size_t links) { upperLinks_.ensure(links + size_t{kMaxLevel} * upper_); }

uint32_t Graph::takeBlock(uint32_t level) {
  std::vector<uint32_t>& left = freeBlocks_[level];
  if (!left.empty()) {
    const uint32_t block = left.back();
    left.pop_back();
    return block;
  }
  const size_t size = static_cast<size_t>(level) * upper_;
  const uint32_t block = upperUsed_.load(std::memory_order_relaxed);
  if (block + size > UINT32_MAX) throw Error(Status::outOfMemory, "The upper levels of the graph are full.");
  ensureUpper(block + size);
  upperUsed_.store(block + static_cast<uint32_t>(size), std::memory_order_relaxed);
  return block;
}

void Graph::write(uint32_t row, uint32_t level, const uint32_t* links, uint32_t count) {
  if (!reaches(row, level)) return;
  Link* to = mutableLinks(row, level);
  const uint32_t most = capacity(level);
  for (uint32_t i = 0; i < count; i++) to[i].store(links[i], std::memory_order_release);
  for (uint32_t i = count; i < most; i++) to[i].store(kNoRow, std::memory_order_release);
}

void Graph::restore(uint32_t rows, const std::array<uint32_t, kMaxLevel + 1>& levels) {
  ensure(rows);
  uint32_t row = 0, block = 0;
  for (uint32_t level = kMaxLevel; level > 0; level--) {
    for (uint32_t i = 0; i < levels[level]; i++, row++) {
      levels_[row].store(static_cast<uint8_t>(level + 1), std::memory_order_relaxed);
      blockLevels_[row].store(static_cast<uint8_t>(level), std::memory_order_relaxed);
      blocks_[row].store(block, std::memory_order_relaxed);
      block += level * upper_;
    }
  }
  for (; row < rows; row++) levels_[row].store(1, std::memory_order_relaxed);
  upperUsed_.store(block, std::memory_order_relaxed);
  if (block > 0) ensureUpper(block);
}

uint32_t Graph::drawLevel(uint64_t number) const {
  Random random(seed_ ^ (number + 1) * kGolden);
  const double u = 1 - random.uniform();
  return static_cast<uint32_t>(std::min<double>(-std::log(u) / std::log(std::max(upper_, 2u)), kMaxLevel));
}

}  // namespace kairank
