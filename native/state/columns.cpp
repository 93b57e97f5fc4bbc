#include "columns.h"

#include <algorithm>

namespace kairank {

Columns::Columns(std::vector<ColumnSpec> specs) {
  for (ColumnSpec& spec : specs) {
    columns_.push_back(std::make_unique<Column>());
    columns_.back()->spec = std::move(spec);
  }
}

Columns::~Columns() {
  for (const std::unique_ptr<Column>& column : columns_) {
    if (column->spec.kind != ColumnKind::tags) continue;
    for (uint32_t row = 0; row < rows_; ++row) delete[] * column->tags.find(row);
  }
}

uint32_t Columns::findCode(size_t column, std::string_view value) const {
  return columns_[column]->dictionary.find(value) + 1;  // kNoRow + 1 is 0
}

uint32_t Columns::internCode(size_t column, std::string_view value) {
  return columns_[column]->dictionary.intern(value) + 1;
}

void Columns::set(uint32_t row, const Cell* cells) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = *columns_[i];
    const Cell& cell = cells[i];
    switch (column.spec.kind) {
      case ColumnKind::number: column.numbers.ensure(row) = cell.number; break;
      case ColumnKind::boolean: column.truths.ensure(row) = cell.truth; break;
      case ColumnKind::category: column.categories.ensure(row) = cell.code; break;
      case ColumnKind::tags: {
        std::unique_ptr<uint32_t[]> list;
        if (!cell.tagCodes.empty()) {
          list.reset(new uint32_t[cell.tagCodes.size() + 1]);
          list[0] = static_cast<uint32_t>(cell.tagCodes.size());
          std::copy(cell.tagCodes.begin(), cell.tagCodes.end(), list.get() + 1);
        }
        uint32_t*& own = column.tags.ensure(row);
        delete[] own;
        own = list.release();
        break;
      }
    }
  }
  rows_ = std::max(rows_, row + 1);
}

}  // namespace kairank
