#pragma once
// Which rows a search may return, where there is no bitmap of them.

#include <cstdint>

namespace kairank {

/// Asked of single rows that are good enough to be returned. It may throw, and may search itself.
class RowPredicate {
 public:
  virtual ~RowPredicate() = default;
  virtual bool accepts(uint32_t row) = 0;
};

}  // namespace kairank
