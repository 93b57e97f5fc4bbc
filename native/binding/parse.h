#pragma once
// JavaScript values as plain C++ ones, each checked. Every function throws Error(invalidArgument) that names the
// value as the caller would write it.

#include <napi.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../pipeline/request.h"
#include "../recall/filter.h"
#include "../state/columns.h"
#include "typed.h"

namespace kairank {

constexpr size_t kMaxIdUnits = 512;          // longest id, in UTF-16 units, as src/options.ts has it
constexpr size_t kMaxTextBytes = 64 * 1024;  // longest category or tag, in bytes of UTF-8
constexpr size_t kMaxReasons = 64;           // reasons of one item
constexpr double kMaxWeight = 1e30;          // of an event, either way: sums of weights stay finite
constexpr double kMaxTime = 8.64e15;         // the range of Date, in milliseconds
constexpr double kMaxKey = 9007199254740991.0;

/// Reads strings into a buffer of its own: what `id` or `text` returned is good until the next call.
class TextReader {
 public:
  explicit TextReader(Napi::Env env) : env_(env), buffer_(256) {}

  /// A non-empty id. `name` and `index` say which: index -1 is no element.
  std::string_view id(napi_value value, const char* name, int64_t index = -1);

  /// Any string of at most kMaxTextBytes bytes.
  std::string_view text(napi_value value, const char* name, int64_t index = -1);

  /// As `id`, with '' allowed: empty, for no item.
  std::string_view optionalId(napi_value value, const char* name, int64_t index = -1);

 private:
  std::string_view read(napi_value value, const std::string& expected, const char* name, int64_t index);

  Napi::Env env_;
  std::vector<char> buffer_;
};

/// The elements of an array (not of a typed array, nor of a proxy), read one by one.
class ArrayReader {
 public:
  ArrayReader(const Napi::Value& value, const char* name, size_t most = 0xFFFFFFFFu);

  uint32_t size() const { return size_; }
  napi_value operator[](uint32_t index) const;

 private:
  napi_env env_;
  napi_value array_;
  uint32_t size_ = 0;
};

/// name[index], or name alone for -1.
std::string elementName(const char* name, int64_t index);

double numberOf(const Napi::Value& value, const std::string& name, double least, double most);
bool booleanOf(const Napi::Value& value, const std::string& name);
bool isNone(const Napi::Value& value);  // null or undefined
Napi::Object objectOf(const Napi::Value& value, const std::string& name);

/// A copy of a typed array: JavaScript may change a shared buffer while it is being checked.
template <typename T>
std::vector<T> copyOf(const Napi::Value& value, const std::string& name, size_t size) {
  const Span<T> span = spanOf<T>(value, name, size);
  return std::vector<T>(span.data, span.data + span.size);
}

CoreSettings settingsOf(const Napi::Value& value);

/// The values of one item, appended to `cells`.
void readCells(const Napi::Value& values, int64_t item, Columns& columns, TextReader& reader, std::vector<Cell>& cells);

std::vector<FilterStep> filterOf(const Napi::Value& value, const Columns& columns);

/// Fills in what a NativeRequest asks of `request.core`; ids that were not known go to `unknown` when they were to be
/// ranked.
void readRequest(const Napi::Value& value, Request& request, std::vector<std::string>& unknown);

}  // namespace kairank
