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
  size_t bytes() const { return slots_.capacity() * sizeof(uint32_t) + size_ * sizeof(uint64_t) + textBytes_; }

  /// Rebuilds the way from ids to rows out of the rows that `has` says are there: an opened file.
  template <typename Has>
  void index(uint32_t rows, const Has& has) {
    clearSlots(rows);
    for (uint32_t row = 0; row < rows; row++) {
      if (has(row)) insertRow(row);
    }
  }
  /// Sets the id of a row of an opened file.
  void restore(uint32_t row, double number);
  void restore(uint32_t row, std::string_view text);

  // Any thread, inside an epoch, of a row that a search found.

  double number(uint32_t row) const;
  std::string_view text(uint32_t row) const;
  /// Equal for rows of equal ids, at one moment.
  uint64_t identity(uint32_t row) const { return words_[row].load(std::memory_order_acquire); }

 private:
  struct Text;

  uint64_t hashOf(uint64_t word) const;
  bool equals(uint32_t row, const KeyList& keys, size_t index) const;
  size_t slotOf(const KeyList& keys, size_t index, uint64_t hash) const;
  void grow();
  void clearSlots(size_t rows);
  void insertRow(uint32_t row);

  const bool strings_;
  RegionArray<std::atomic<uint64_t>> words_;  // by row: the bits of a number, or the address of a text
  std::vector<uint32_t> slots_;               // rows by hash, kNoRow where free; a power of two
  size_t size_ = 0;
  size_t textBytes_ = 0;
};

}  // namespace kairank
