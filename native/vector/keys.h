#pragma once
// Ids of the rows of an index: from an id to its row for the writers, from a row to its id for everybody. Rows are
// reused, so a search takes the ids of its results before it leaves the epoch.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "memory.h"

namespace kairank {

/// Ids of one call: all numbers, or all strings.
struct KeyList {
  bool strings = false;
  std::vector<double> numbers;
  std::vector<std::string> texts;

  size_t size() const { return strings ? texts.size() : numbers.size(); }
};

class KeyMap {
 public:
  explicit KeyMap(bool strings) : strings_(strings) {}
  ~KeyMap();
  KeyMap(const KeyMap&) = delete;
  KeyMap& operator=(const KeyMap&) = delete;

  void reserve(size_t rows) { words_.reserve(rows); }
  void ensure(uint32_t rows) { words_.ensure(rows); }
  bool strings() const { return strings_; }

  // Under the caller's lock.

  /// The row of an id, or kNoRow.
  uint32_t find(const KeyList& keys, size_t index) const;
  /// Gives an id to a row; returns the row that had it, or kNoRow.
  uint32_t assign(const KeyList& keys, size_t index, uint32_t row);
  /// Takes an id away; returns its row, or kNoRow. The row's id stays readable until the grace period is over.
  uint32_t erase(const KeyList& keys, size_t index);
  size_t size() const { return size_; }
  size_t bytes() const { return slots_.capacity() * sizeof(uint32_t) + textBytes_; }

  // An opened file: the ids of its first rows are where the file has them, and the way from ids to rows is built when
  // somebody asks for it.

  /// Numbers of the file's rows are put here.
  Region& numberRegion() { return words_.region(); }
  /// Texts of the file's rows are put here: `rows` + 1 offsets into `bytes` bytes. Reserved by `reserveFile`.
  Region& offsetRegion() { return fileOffsets_; }
  Region& textRegion() { return fileTexts_; }
  void reserveFile(uint32_t rows, uint64_t bytes);

  /// After `setFile` and before `index`, ids lead nowhere.
  void setFile() { indexed_ = false; }
  bool indexed() const { return indexed_; }
  /// Builds the way from ids to rows, of the rows that `has` says are there.
  template <typename Has>
  void index(uint32_t rows, const Has& has) {
    clearSlots(rows);
    for (uint32_t row = 0; row < rows; row++) {
      if (has(row)) insertRow(row);
    }
    indexed_ = true;
  }

  // Any thread, inside an epoch, of a row that a search found.

  double number(uint32_t row) const;
  std::string_view text(uint32_t row) const;
  /// Equal for rows of equal ids, at one moment.
  uint64_t identity(uint32_t row) const {
    const uint64_t word = words_[row].load(std::memory_order_acquire);
    return word == 0 && strings_ ? tagOf(row) : word;
  }

 private:
  struct Text;

  // The word of a row with a text is the address of the text, which is even; or, for the text of a row of the file,
  // which is odd, `tagOf` that row; or 0 for the file's text of the row itself.
  static uint64_t tagOf(uint32_t fileRow) { return uint64_t{fileRow} * 2 + 1; }
  static bool inFile(uint64_t identity) { return (identity & 1) != 0; }
  std::string_view textOf(uint64_t identity) const;

  uint64_t hashOf(uint64_t identity) const;
  bool equals(uint32_t row, const KeyList& keys, size_t index) const;
  size_t slotOf(const KeyList& keys, size_t index, uint64_t hash) const;
  void grow();
  void clearSlots(size_t rows);
  void insertRow(uint32_t row);

  const bool strings_;
  RegionArray<std::atomic<uint64_t>> words_;  // by row: the bits of a number, or what says where the text is
  Region fileOffsets_;
  Region fileTexts_;
  uint32_t fileRows_ = 0;
  uint64_t fileBytes_ = 0;
  bool indexed_ = true;
  std::vector<uint32_t> slots_;  // rows by hash, kNoRow where free; a power of two
  size_t size_ = 0;
  size_t textBytes_ = 0;
};

}  // namespace kairank
