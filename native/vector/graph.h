#pragma once
// The links of a hierarchical navigable small world (Malkov & Yashunin 2016): at level 0 every row has up to 2m of
// them, above it a geometrically thinning share of the rows has up to m. Links lie apart from the vectors. One writer
// a list; readers take links one by one and see each either before or after a change, and every link leads to a row
// whose vector is there.

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "../include/limits.h"
#include "memory.h"
#include "settings.h"

namespace kairank {

class Graph {
 public:
  using Link = std::atomic<uint32_t>;

  explicit Graph(const IndexSettings& settings);

  void ensure(uint32_t rows);

  uint32_t capacity(uint32_t level) const { return level == 0 ? bottom_ : upper_; }

  /// The links of a row, ended by kNoRow or by `capacity`. A link may lead to a row that came after the reader.
  const Link* links(uint32_t row, uint32_t level) const {
    return level == 0 ? links_.data() + static_cast<size_t>(row) * bottom_ : upperLinks(row, level);
  }
  void prefetch(uint32_t row) const {
#if defined(__GNUC__)
    const char* from = reinterpret_cast<const char*>(links_.data() + static_cast<size_t>(row) * bottom_);
    __builtin_prefetch(from);
    if (bottom_ > 16) __builtin_prefetch(from + 64);
#else
    (void)row;
#endif
  }

  uint32_t level(uint32_t row) const {
    const uint32_t stored = levels_[row].load(std::memory_order_relaxed);
    return stored > 0 ? stored - 1 : 0;
  }
  /// Whether the row has a place.
  bool linked(uint32_t row) const { return levels_[row].load(std::memory_order_relaxed) > 0; }

  /// Copies the links of a row; `out` has room for `capacity`. Returns how many. `rows` bounds what is a link. A row
  /// that does not reach up to the level, which only a link of an altered file leads to, has none.
  uint32_t read(uint32_t row, uint32_t level, uint32_t rows, uint32_t* out) const;

  // Writer.

  /// Gives a row its place, with no links; what it had before is free for other rows. Not from several threads at once,
  /// and only while no reader can know the row.
  void open(uint32_t row, uint32_t level);
  /// Takes the place away; nothing leads to the row any more.
  void close(uint32_t row) { levels_[row].store(0, std::memory_order_release); }
  void write(uint32_t row, uint32_t level, const uint32_t* links, uint32_t count);

  /// The level of the n-th insertion: floor(-ln(u) / ln(m)), u from the seed alone.
  uint32_t drawLevel(uint64_t number) const;

  /// Where a walk begins, and the level to begin at; kNoRow while there is no row.
  uint32_t entry() const { return entry_.load(std::memory_order_acquire); }
  void enter(uint32_t row) { entry_.store(row, std::memory_order_release); }

  size_t bytesARow() const {
    return static_cast<size_t>(bottom_) * sizeof(Link) + 2 * sizeof(uint8_t) + sizeof(uint32_t);
  }
  size_t upperBytes() const { return upperUsed_.load(std::memory_order_relaxed) * sizeof(Link); }

  // An opened file.

  /// Where the links of a file are put: rows x capacity(0), and those of the upper levels, row by row.
  Region& bottomRegion() { return links_.region(); }
  Region& upperRegion() { return upperLinks_.region(); }
  /// Places for `rows` rows, of which the first levels[kMaxLevel] have the highest level, and so on.
  void restore(uint32_t rows, const std::array<uint32_t, kMaxLevel + 1>& levels);

 private:
  const Link* upperLinks(uint32_t row, uint32_t level) const {
    return upperLinks_.data() + blocks_[row].load(std::memory_order_acquire) + static_cast<size_t>(level - 1) * upper_;
  }
  Link* mutableLinks(uint32_t row, uint32_t level) {
    return const_cast<Link*>(links(row, level));  // NOLINT: the arrays are this object's own
  }

  bool reaches(uint32_t row, uint32_t level) const {
    return level == 0 || level <= blockLevels_[row].load(std::memory_order_acquire);
  }
  void ensureUpper(size_t links);
  uint32_t takeBlock(uint32_t level);

  const uint32_t bottom_;
  const uint32_t upper_;
  const uint64_t seed_;
  RegionArray<Link> links_;                        // rows x bottom_
  RegionArray<std::atomic<uint8_t>> levels_;       // rows: level + 1, 0 for none
  RegionArray<std::atomic<uint32_t>> blocks_;      // rows: where the upper links begin
  RegionArray<std::atomic<uint8_t>> blockLevels_;  // rows: levels of the block
  RegionArray<Link> upperLinks_;                   // blocks of level x upper_
  std::atomic<uint32_t> upperUsed_{0};
  std::array<std::vector<uint32_t>, kMaxLevel + 1> freeBlocks_;  // by level
  std::atomic<uint32_t> entry_{kNoRow};
};

}  // namespace kairank
