#pragma once
// The catalogue's fields, column by column. Filters read them, writers change them, and both do so under the lock of
// the eligibility index: a request reads bitmaps and never a column.

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "chunked.h"
#include "ids.h"

namespace kairank {

enum class ColumnKind { number, boolean, category, tags };

struct ColumnSpec {
  std::string name;
  ColumnKind kind;
};

/// How a boolean is stored.
enum Truth : uint8_t { kAbsent, kFalse, kTrue };

/// One value of one item. Which member counts is the column's kind; a fresh cell is absent in every kind.
struct Cell {
  double number = std::numeric_limits<double>::quiet_NaN();
  Truth truth = kAbsent;
  uint32_t code = 0;               // category: 0 is absent
  std::vector<uint32_t> tagCodes;  // tags: empty is absent
};

class Columns {
 public:
  explicit Columns(std::vector<ColumnSpec> specs);
  ~Columns();
  Columns(const Columns&) = delete;
  Columns& operator=(const Columns&) = delete;

  size_t count() const { return columns_.size(); }
  const ColumnSpec& spec(size_t column) const { return columns_[column]->spec; }

  /// The code of a category or a tag, from 1; 0 when no item has had it. Both are safe without the lock.
  uint32_t findCode(size_t column, std::string_view value) const;
  uint32_t internCode(size_t column, std::string_view value);

  /// Codes of the column so far.
  uint32_t codes(size_t column) const { return columns_[column]->dictionary.size(); }

  /// Replaces every value of a row; `cells` has one a column.
  void set(uint32_t row, const Cell* cells);

  // Columns of one kind from a row on; contiguous as ChunkedArray says. Null where no row was ever set.
  const double* numbers(size_t column, uint32_t row) const { return columns_[column]->numbers.find(row); }
  const uint8_t* truths(size_t column, uint32_t row) const { return columns_[column]->truths.find(row); }
  const uint32_t* categories(size_t column, uint32_t row) const { return columns_[column]->categories.find(row); }
  /// A list is its length, then its codes; null for none.
  const uint32_t* const* tags(size_t column, uint32_t row) const { return columns_[column]->tags.find(row); }

 private:
  struct Column {
    ColumnSpec spec;
    IdTable dictionary;
    ChunkedArray<double> numbers;  // only the array of the column's kind is ever filled
    ChunkedArray<uint8_t> truths;
    ChunkedArray<uint32_t> categories;
    ChunkedArray<uint32_t*> tags;
  };

  std::vector<std::unique_ptr<Column>> columns_;
  uint32_t rows_ = 0;  // one beyond the last row set
};

}  // namespace kairank
