// The steps of a `where`, as src/catalog/where.ts compiles them.

#include "parse.h"

namespace kairank {

namespace {

void addValue(const Napi::Value& value, const std::string& name, TextReader& reader, FilterStep& step) {
  if (value.IsNumber()) {
    step.numbers.push_back(value.As<Napi::Number>().DoubleValue());
  } else if (value.IsBoolean()) {
    (value.As<Napi::Boolean>() ? step.acceptTrue : step.acceptFalse) = true;
  } else if (value.IsString()) {
    step.texts.emplace_back(reader.text(value, name.c_str()));
  } else {
    refuse(name, "a number, a boolean or a string");
  }
}

/// A value of a kind that the column does not have must not pass for an empty list.
void checkKind(const FilterStep& step, const std::string& name, const Columns& columns) {
  if (step.column >= columns.count()) refuse(name + ".column", "the number of a column");
  const ColumnKind kind = columns.spec(step.column).kind;
  const bool numbers = !step.numbers.empty();
  const bool truths = step.acceptTrue || step.acceptFalse;
  const bool texts = !step.texts.empty();
  const bool wrong = kind == ColumnKind::number    ? truths || texts
                     : kind == ColumnKind::boolean ? numbers || texts
                                                   : numbers || truths;
  if (wrong) refuse(name, "compared with values of its column's kind");
}

FilterStep stepOf(const Napi::Object& given, const std::string& name, const Columns& columns, TextReader& reader) {
  const std::string op(reader.text(given.Get("op"), (name + ".op").c_str()));
  FilterStep step;
  const auto column = [&] {
    return static_cast<uint32_t>(wholeOf(given.Get("column"), name + ".column", 0, kMaxRows));
  };
  if (op == "equals") {
    step.op = FilterOp::oneOf;
    step.column = column();
    addValue(given.Get("value"), name + ".value", reader, step);
    checkKind(step, name, columns);
  } else if (op == "in") {
    step.op = FilterOp::oneOf;
    step.column = column();
    const std::string list = name + ".values";
    const ArrayReader values(given.Get("values"), list.c_str(), kMaxFilterValues);
    for (uint32_t i = 0; i < values.size(); ++i) {
      addValue(Napi::Value(given.Env(), values[i]), elementName(list.c_str(), i), reader, step);
    }
    checkKind(step, name, columns);
  } else if (op == "range") {
    step.op = FilterOp::range;
    step.column = column();
    const double infinity = std::numeric_limits<double>::infinity();
    step.min = numberOf(given.Get("min"), name + ".min", -infinity, infinity);
    step.max = numberOf(given.Get("max"), name + ".max", -infinity, infinity);
    step.minOpen = booleanOf(given.Get("minOpen"), name + ".minOpen");
    step.maxOpen = booleanOf(given.Get("maxOpen"), name + ".maxOpen");
  } else if (op == "has") {
    step.op = FilterOp::has;
    step.column = column();
  } else if (op == "and" || op == "or") {
    step.op = op == "and" ? FilterOp::conjunction : FilterOp::disjunction;
    step.operands = static_cast<uint32_t>(wholeOf(given.Get("count"), name + ".count", 0, kMaxFilterSteps));
  } else if (op == "not") {
    step.op = FilterOp::negation;
  } else if (op == "all") {
    step.op = FilterOp::all;
  } else {
    refuse(name + ".op", "equals, in, range, has, and, or, not or all");
  }
  return step;
}

}  // namespace

std::vector<FilterStep> filterOf(const Napi::Value& value, const Columns& columns) {
  const ArrayReader given(value, "steps", kMaxFilterSteps);
  TextReader reader(value.Env());
  std::vector<FilterStep> steps;
  for (uint32_t i = 0; i < given.size(); ++i) {
    const std::string name = elementName("steps", i);
    steps.push_back(stepOf(objectOf(Napi::Value(value.Env(), given[i]), name), name, columns, reader));
  }
  return steps;
}

}  // namespace kairank
