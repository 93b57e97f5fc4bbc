#include "filter.h"

#include <algorithm>
#include <cmath>

#include "../include/status.h"

namespace kairank {

namespace {

[[noreturn]] void refuse(size_t step, const std::string& why) {
  throw Error(Status::invalidArgument, "steps[" + std::to_string(step) + "]: " + why);
}

template <typename T>
void sortUnique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

template <typename T>
void addBytes(std::string& signature, const T& value) {
  signature.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void checkLeaf(size_t position, FilterStep& step, const Columns& columns) {
  if (step.column >= columns.count()) refuse(position, "there is no column " + std::to_string(step.column));
  const ColumnKind kind = columns.spec(step.column).kind;
  if (step.op == FilterOp::range) {
    if (kind != ColumnKind::number) refuse(position, "a range needs a column of numbers");
    if (std::isnan(step.min) || std::isnan(step.max)) refuse(position, "the ends of a range must be numbers, not NaN");
  } else if (step.op == FilterOp::oneOf) {
    const bool numeric = kind == ColumnKind::number;
    const bool truth = kind == ColumnKind::boolean;
    if (step.numbers.size() + step.texts.size() > kMaxFilterValues) refuse(position, "too many values");
    if ((!numeric && !step.numbers.empty()) || (!truth && (step.acceptTrue || step.acceptFalse)) ||
        ((numeric || truth) && !step.texts.empty())) {
      refuse(position, "the values are not of the column's kind");
    }
    if (std::any_of(step.numbers.begin(), step.numbers.end(), [](double x) { return std::isnan(x); })) {
      refuse(position, "a value must be a number, not NaN");
    }
    for (double& number : step.numbers) number += 0.0;  // -0 becomes 0, so that equal filters look equal
    sortUnique(step.numbers);
    sortUnique(step.texts);
  }
}

std::string signatureOf(const std::vector<FilterStep>& steps) {
  std::string signature;
  for (const FilterStep& step : steps) {
    addBytes(signature, step.op);
    addBytes(signature, step.column);
    addBytes(signature,
             static_cast<uint8_t>(step.acceptTrue | step.acceptFalse << 1 | step.minOpen << 2 | step.maxOpen << 3));
    addBytes(signature, step.min);
    addBytes(signature, step.max);
    addBytes(signature, step.operands);
    addBytes(signature, static_cast<uint32_t>(step.numbers.size()));
    for (double number : step.numbers) addBytes(signature, number);
    addBytes(signature, static_cast<uint32_t>(step.texts.size()));
    for (const std::string& text : step.texts) {
      addBytes(signature, static_cast<uint32_t>(text.size()));
      signature += text;
    }
  }
  return signature;
}

template <typename T, typename Pass>
uint64_t collect(const T* values, uint32_t count, Pass pass) {
  if (!values) return 0;
  uint64_t bits = 0;
  for (uint32_t i = 0; i < count; ++i) bits |= static_cast<uint64_t>(pass(values[i])) << i;
  return bits;
}

bool contains(const std::vector<uint32_t>& sorted, uint32_t code) {
  return std::binary_search(sorted.begin(), sorted.end(), code);
}

}  // namespace

FilterProgram::FilterProgram(std::vector<FilterStep> steps, const Columns& columns) {
  if (steps.empty()) throw Error(Status::invalidArgument, "steps: a filter needs at least one step");
  if (steps.size() > kMaxFilterSteps) throw Error(Status::invalidArgument, "steps: the filter is too long");
  size_t depth = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    FilterStep& step = steps[i];
    size_t taken = 0;
    switch (step.op) {
      case FilterOp::all: break;
      case FilterOp::negation: taken = 1; break;
      case FilterOp::conjunction:
      case FilterOp::disjunction: taken = step.operands; break;
      case FilterOp::oneOf:
      case FilterOp::range:
      case FilterOp::has: checkLeaf(i, step, columns); break;
    }
    if (taken > depth) refuse(i, "it takes more results than the steps before it left");
    depth = depth - taken + 1;
  }
  if (depth != 1)
    throw Error(Status::invalidArgument, "steps: a filter must leave one result, not " + std::to_string(depth));
  signature_ = signatureOf(steps);
  for (FilterStep& step : steps) {
    steps_.emplace_back();
    steps_.back().given = std::move(step);
  }
}

void FilterProgram::resolve(Step& step, const Columns& columns) {
  if (step.given.texts.empty() || step.codes.size() == step.given.texts.size()) return;
  // A text that no item had when the filter was compiled may have come since.
  const uint32_t known = columns.codes(step.given.column);
  if (known == step.codesSeen) return;
  step.codes.clear();
  for (const std::string& text : step.given.texts) {
    const uint32_t code = columns.findCode(step.given.column, text);
    if (code != 0) step.codes.push_back(code);
  }
  std::sort(step.codes.begin(), step.codes.end());
  step.codesSeen = known;
}

uint64_t FilterProgram::leaf(const Step& step, const Columns& columns, uint32_t first, uint32_t count) {
  const FilterStep& given = step.given;
  const uint32_t column = given.column;
  const bool has = given.op == FilterOp::has;
  switch (columns.spec(column).kind) {
    case ColumnKind::number: {
      const double* values = columns.numbers(column, first);
      if (has) return collect(values, count, [](double x) { return !std::isnan(x); });
      if (given.op == FilterOp::range) {
        return collect(values, count, [&given](double x) {
          return (given.minOpen ? x > given.min : x >= given.min) && (given.maxOpen ? x < given.max : x <= given.max);
        });
      }
      return collect(values, count, [&given](double x) {
        return !std::isnan(x) && std::binary_search(given.numbers.begin(), given.numbers.end(), x);
      });
    }
    case ColumnKind::boolean:
      return collect(columns.truths(column, first), count, [&given, has](uint8_t truth) {
        return truth == kTrue ? has || given.acceptTrue : truth == kFalse && (has || given.acceptFalse);
      });
    case ColumnKind::category:
      return collect(columns.categories(column, first), count,
                     [&step, has](uint32_t code) { return code != 0 && (has || contains(step.codes, code)); });
    case ColumnKind::tags:
      return collect(columns.tags(column, first), count, [&step, has](const uint32_t* list) {
        if (!list) return false;
        if (has) return true;
        return std::any_of(list + 1, list + 1 + list[0], [&step](uint32_t code) { return contains(step.codes, code); });
      });
  }
  return 0;
}

uint64_t FilterProgram::evaluate(const Columns& columns, uint32_t first, uint32_t count) {
  const uint64_t every = count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
  stack_.clear();
  for (Step& step : steps_) {
    switch (step.given.op) {
      case FilterOp::all: stack_.push_back(every); break;
      case FilterOp::negation: stack_.back() = ~stack_.back() & every; break;
      case FilterOp::conjunction:
      case FilterOp::disjunction: {
        const bool both = step.given.op == FilterOp::conjunction;
        uint64_t bits = both ? every : 0;
        for (uint32_t i = 0; i < step.given.operands; ++i) {
          bits = both ? bits & stack_.back() : bits | stack_.back();
          stack_.pop_back();
        }
        stack_.push_back(bits);
        break;
      }
      case FilterOp::oneOf:
      case FilterOp::range:
      case FilterOp::has:
        resolve(step, columns);
        stack_.push_back(leaf(step, columns, first, count));
        break;
    }
  }
  return stack_.back();
}

}  // namespace kairank
