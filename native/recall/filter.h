#pragma once
// A `where` as a small program in postfix order, evaluated over columns, 64 rows at a time.

#include <cstdint>
#include <string>
#include <vector>

#include "../state/columns.h"

namespace kairank {

constexpr size_t kMaxFilterSteps = 4096;
constexpr size_t kMaxFilterValues = 65536;  // of one `in`

enum class FilterOp : uint8_t { oneOf, range, has, all, conjunction, disjunction, negation };

/// A leaf asks one column; an absent value passes no leaf. `oneOf` over tags asks for any of them.
struct FilterStep {
  FilterOp op = FilterOp::all;
  uint32_t column = 0;             // leaves but `all`
  std::vector<double> numbers;     // oneOf over numbers
  std::vector<std::string> texts;  // oneOf over categories and tags
  bool acceptTrue = false;         // oneOf over booleans
  bool acceptFalse = false;
  double min = 0;  // range
  double max = 0;
  bool minOpen = false;
  bool maxOpen = false;
  uint32_t operands = 0;  // conjunction (of none: true), disjunction (of none: false)
};

class FilterProgram {
 public:
  /// Checks every step against the columns. Throws Error(invalidArgument) naming the step.
  FilterProgram(std::vector<FilterStep> steps, const Columns& columns);

  /// Two programs with equal signatures pass the same rows.
  const std::string& signature() const { return signature_; }

  /// Bit i: row first + i passes. `first` .. `first + count` must not cross a multiple of 64; count is 1 to 64. The
  /// caller holds the lock of the columns.
  uint64_t evaluate(const Columns& columns, uint32_t first, uint32_t count);

 private:
  struct Step {
    FilterStep given;
    std::vector<uint32_t> codes;  // of the texts known so far, sorted
    uint32_t codesSeen = 0;       // size of the column's dictionary when they were looked up
  };

  static uint64_t leaf(const Step& step, const Columns& columns, uint32_t first, uint32_t count);
  static void resolve(Step& step, const Columns& columns);

  std::vector<Step> steps_;
  std::string signature_;
  std::vector<uint64_t> stack_;
};

}  // namespace kairank
