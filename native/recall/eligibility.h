#pragma once
// Which rows may be shown: the catalogue's membership, and one bitmap a filter, kept right while items come, change
// and go. Readers take a flat array of words under an epoch; it is replaced when the rows outgrow it.

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "../state/columns.h"
#include "filter.h"

namespace kairank {

/// One bit a row. One writer at a time; readers are free.
class RowBitmap {
 public:
  RowBitmap() = default;
  ~RowBitmap();
  RowBitmap(const RowBitmap&) = delete;
  RowBitmap& operator=(const RowBitmap&) = delete;

  /// The words and how many rows they cover; null and 0 before the first `set`. Valid while the epoch guard that was
  /// entered before lives. Words change under a reader: take them one by one.
  struct View {
    const std::atomic<uint64_t>* words = nullptr;
    uint32_t rows = 0;
  };
  View view() const;

  bool has(uint32_t row) const;

  // Writer only.
  void set(uint32_t row, bool on);
  void setWord(uint32_t word, uint64_t bits);

 private:
  struct Words;

  void reserve(uint32_t words);

  std::atomic<Words*> words_{nullptr};
};

/// A compiled filter and the rows that pass it, members of the catalogue only.
struct LiveFilter {
  explicit LiveFilter(FilterProgram compiled) : program(std::move(compiled)) {}

  FilterProgram program;
  RowBitmap passing;
  std::mutex building;             // one builder; the rest wait for it
  std::atomic<bool> built{false};  // false: the words from builtWords on are not there yet
  uint32_t builtWords = 0;         // under the index's lock
};

class EligibilityIndex {
 public:
  /// Filters kept at once; the one unused for longest goes first.
  static constexpr size_t kMaxFilters = 256;

  explicit EligibilityIndex(std::vector<ColumnSpec> specs) : columns_(std::move(specs)) {}

  /// The columns' kinds and dictionaries; values are behind this index's lock.
  Columns& columns() { return columns_; }

  /// Puts or replaces items: rows[i] has the values cells[i * columns .. (i + 1) * columns).
  void put(const std::vector<uint32_t>& rows, const std::vector<Cell>& cells);

  /// Takes rows out; returns whether it was there.
  bool remove(uint32_t row);

  bool has(uint32_t row) const { return members_.has(row); }
  uint32_t items() const { return items_.load(std::memory_order_relaxed); }

  /// A handle for the filter; an equal one that is still kept gives the same handle. Its bitmap is built on first use.
  uint64_t compile(std::vector<FilterStep> steps);

  /// The filter behind a handle. Throws Error(notFound) when it was never given or has been dropped for newer ones.
  std::shared_ptr<LiveFilter> filter(uint64_t handle);

  /// Rows that may be shown: those that pass the filter, or every member for null. Builds the filter's bitmap when it
  /// is not there yet, in slices that let writers in between.
  RowBitmap::View eligible(LiveFilter* filter);

  /// How many that is.
  uint32_t count(LiveFilter* filter);

 private:
  struct Kept {
    std::shared_ptr<LiveFilter> filter;
    std::list<uint64_t>::iterator use;  // place in uses_, most recent first
  };

  void build(LiveFilter& filter);
  void refresh(uint32_t row);

  mutable std::mutex mutex_;
  Columns columns_;
  RowBitmap members_;
  std::atomic<uint32_t> items_{0};
  uint32_t rows_ = 0;  // one beyond the last row that was ever a member
  uint64_t nextHandle_ = 0;
  std::unordered_map<uint64_t, Kept> filters_;
  std::unordered_map<std::string, uint64_t> bySignature_;
  std::list<uint64_t> uses_;
};

}  // namespace kairank
