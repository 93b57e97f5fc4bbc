#include "parse.h"

#include <cmath>
#include <cstdio>

namespace kairank {

namespace {

/// UTF-8 of U+FFFD: what Node writes for half a surrogate pair, and the only sign of one.
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool wellFormed(const std::u16string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] < 0xD800 || text[i] > 0xDFFF) continue;
    const bool pair = text[i] <= 0xDBFF && i + 1 < text.size() && text[i + 1] >= 0xDC00 && text[i + 1] <= 0xDFFF;
    if (!pair) return false;
    ++i;
  }
  return true;
}

}  // namespace

std::string elementName(const char* name, int64_t index) {
  return index < 0 ? std::string(name) : std::string(name) + "[" + std::to_string(index) + "]";
}

std::string_view TextReader::read(napi_value value, const std::string& expected, const char* name, int64_t index) {
  size_t length = 0;
  napi_status status = napi_get_value_string_utf8(env_, value, buffer_.data(), buffer_.size(), &length);
  if (status != napi_ok) refuse(elementName(name, index), expected);
  // Up to three bytes of a character may not have fitted, besides the terminator.
  if (length + 4 >= buffer_.size()) {
    napi_get_value_string_utf8(env_, value, nullptr, 0, &length);
    if (length > kMaxTextBytes) refuse(elementName(name, index), "at most " + std::to_string(kMaxTextBytes) + " bytes");
    if (length + 5 > buffer_.size()) buffer_.resize(length + 5);
    napi_get_value_string_utf8(env_, value, buffer_.data(), buffer_.size(), &length);
  }
  const std::string_view text(buffer_.data(), length);
  if (text.find(kReplacement) != std::string_view::npos && !wellFormed(Napi::String(env_, value).Utf16Value())) {
    refuse(elementName(name, index), "well-formed text, without half a surrogate pair");
  }
  return text;
}

std::string_view TextReader::text(napi_value value, const char* name, int64_t index) {
  return read(value, "a string", name, index);
}

std::string_view TextReader::optionalId(napi_value value, const char* name, int64_t index) {
  const std::string expected = "a string of 1 to " + std::to_string(kMaxIdUnits) + " characters";
  const std::string_view id = read(value, expected, name, index);
  if (id.size() > kMaxIdUnits) {
    size_t units = 0;
    napi_get_value_string_utf16(env_, value, nullptr, 0, &units);
    if (units > kMaxIdUnits) refuse(elementName(name, index), expected);
  }
  return id;
}

std::string_view TextReader::id(napi_value value, const char* name, int64_t index) {
  const std::string_view id = optionalId(value, name, index);
  if (id.empty()) refuse(elementName(name, index), "a string that is not empty");
  return id;
}

ArrayReader::ArrayReader(const Napi::Value& value, const char* name, size_t most) : env_(value.Env()), array_(value) {
  if (value.IsEmpty() || !value.IsArray()) refuse(name, "an array");
  const napi_status status = napi_get_array_length(env_, array_, &size_);
  NAPI_THROW_IF_FAILED_VOID(env_, status);
  if (size_ > most) refuse(name, "an array of at most " + std::to_string(most));
}

napi_value ArrayReader::operator[](uint32_t index) const {
  napi_value element = nullptr;
  const napi_status status = napi_get_element(env_, array_, index, &element);
  NAPI_THROW_IF_FAILED(env_, status, nullptr);
  return element;
}

double numberOf(const Napi::Value& value, const std::string& name, double least, double most) {
  const double number = !value.IsEmpty() && value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= least && number <= most)) {
    char range[64];
    std::snprintf(range, sizeof(range), "a number from %g to %g", least, most);
    refuse(name, range);
  }
  return number;
}

bool booleanOf(const Napi::Value& value, const std::string& name) {
  if (value.IsEmpty() || !value.IsBoolean()) refuse(name, "true or false");
  return value.As<Napi::Boolean>();
}

bool isNone(const Napi::Value& value) { return value.IsEmpty() || value.IsNull() || value.IsUndefined(); }

Napi::Object objectOf(const Napi::Value& value, const std::string& name) {
  if (value.IsEmpty() || !value.IsObject()) refuse(name, "an object");
  return value.As<Napi::Object>();
}

}  // namespace kairank
