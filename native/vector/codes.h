#pragma once
// Quantised rows: what a search reads of a vector it only passes by. How they lie is said in kernels/gather/gather.h.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../dispatch/dispatch.h"
#include "settings.h"

namespace kairank {

/// Shape of the codes of one index.
struct CodeLayout {
  Codes codes = Codes::int8;
  uint32_t dim = 0;
  size_t payload = 0;  // bytes of the values
  size_t blocks = 0;   // of 32 payload bytes, the last one padded
  size_t trailer = 0;  // where scale and bias are
  size_t stride = 0;

  CodeLayout() = default;
  CodeLayout(Codes codes, uint32_t dim);
};

/// Writes the code of a vector; `bias` is what the score of the row adds to its product. Returns the norm of what is
/// lost by it, in units of scale * sqrt(dim).
float encodeRow(const CodeLayout& layout, const KernelTable& table, const float* vector, float bias, uint8_t* row);

/// A vector that rows are scored against.
class QueryCode {
 public:
  /// Of floats.
  void encode(const CodeLayout& layout, const KernelTable& table, const float* vector);

  /// Of an 8-bit row.
  void take(const CodeLayout& layout, const uint8_t* row);

  const CodeQuery& view() const { return query_; }
  /// The whole numbers that 8-bit lanes hold, dim of them.
  const int8_t* lanes() const { return query_.lanes; }

 private:
  int8_t* room(size_t bytes);

  std::vector<int8_t> bytes_;
  std::vector<int8_t> whole_;
  CodeQuery query_{};
};

struct CodeTrailer {
  float scale;
  float bias;
};

CodeTrailer trailerOf(const CodeLayout& layout, const uint8_t* row);

}  // namespace kairank
