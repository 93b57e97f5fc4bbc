// Settings of a core, and the values of its items.

#include <algorithm>
#include <cmath>

#include "parse.h"

namespace kairank {

namespace {

constexpr size_t kMaxColumns = 4096;
constexpr size_t kMaxTags = 4096;  // of one item
constexpr double kMaxQueue = 1e7;
constexpr double kMaxGather = 1e6;    // microseconds
constexpr double kMaxPressure = 1e6;  // milliseconds
constexpr double kMaxTypes = 65535;

ColumnKind kindOf(std::string_view word, int64_t column) {
  if (word == "number") return ColumnKind::number;
  if (word == "boolean") return ColumnKind::boolean;
  if (word == "category") return ColumnKind::category;
  if (word == "tags") return ColumnKind::tags;
  refuse(elementName("columns", column) + ".kind", "number, boolean, category or tags");
}

std::string cellName(int64_t item, size_t column) {
  return "values[" + std::to_string(item) + "][" + std::to_string(column) + "]";
}

void readTags(const Napi::Value& value, const std::string& name, size_t column, Columns& columns, TextReader& reader,
              std::vector<uint32_t>& codes) {
  const ArrayReader tags(value, name.c_str(), kMaxTags);
  for (uint32_t i = 0; i < tags.size(); ++i) {
    codes.push_back(columns.internCode(column, reader.text(tags[i], name.c_str(), i)));
  }
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  codes.shrink_to_fit();
}

}  // namespace

CoreSettings settingsOf(const Napi::Value& value) {
  const Napi::Object options = objectOf(value, "options");
  CoreSettings settings;
  TextReader reader(value.Env());
  const ArrayReader columns(options.Get("columns"), "columns", kMaxColumns);
  for (uint32_t i = 0; i < columns.size(); ++i) {
    const Napi::Object column = objectOf(Napi::Value(value.Env(), columns[i]), elementName("columns", i));
    ColumnSpec spec;
    spec.name = reader.text(column.Get("name"), "column.name", i);
    spec.kind = kindOf(reader.text(column.Get("kind"), "column.kind", i), i);
    settings.columns.push_back(std::move(spec));
  }
  const ArrayReader weights(options.Get("typeWeights"), "typeWeights", static_cast<size_t>(kMaxTypes));
  for (uint32_t i = 0; i < weights.size(); ++i) {
    const Napi::Value weight(value.Env(), weights[i]);
    settings.typeWeights.push_back(
        static_cast<float>(numberOf(weight, elementName("typeWeights", i), -kMaxWeight, kMaxWeight)));
  }
  const Napi::Value online = options.Get("online");
  if (!isNone(online)) settings.online = booleanOf(online, "online");
  const Napi::Value gather = options.Get("gather");
  if (!isNone(gather)) settings.gather = numberOf(gather, "gather", 0, kMaxGather);
  const Napi::Value pressure = options.Get("pressure");
  if (!isNone(pressure)) settings.pressure = 1000 * numberOf(pressure, "pressure", 0, kMaxPressure);
  settings.queueLimit = wholeOf(options.Get("queueLimit"), "queueLimit", 1, static_cast<size_t>(kMaxQueue));
  return settings;
}

void readCells(const Napi::Value& values, int64_t item, Columns& columns, TextReader& reader,
               std::vector<Cell>& cells) {
  const std::string name = elementName("values", item);
  const ArrayReader row(values, name.c_str(), columns.count());
  if (row.size() != columns.count()) {
    refuse(name, "an array of " + std::to_string(columns.count()) + " values, one a column");
  }
  for (uint32_t i = 0; i < row.size(); ++i) {
    cells.emplace_back();
    Cell& cell = cells.back();
    const Napi::Value value(values.Env(), row[i]);
    if (isNone(value)) continue;
    switch (columns.spec(i).kind) {
      case ColumnKind::number:
        if (!value.IsNumber()) refuse(cellName(item, i), "a number or null");
        cell.number = value.As<Napi::Number>().DoubleValue();
        break;
      case ColumnKind::boolean: cell.truth = booleanOf(value, cellName(item, i)) ? kTrue : kFalse; break;
      case ColumnKind::category: cell.code = columns.internCode(i, reader.text(value, name.c_str(), i)); break;
      case ColumnKind::tags: readTags(value, cellName(item, i), i, columns, reader, cell.tagCodes); break;
    }
  }
}

}  // namespace kairank
