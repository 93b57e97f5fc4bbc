#pragma once
// Typed arrays of JavaScript as checked spans. Take the value of every argument and property first and its span after
// all of them: a getter runs JavaScript, which may detach a buffer whose span was taken before.

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "../include/status.h"

namespace kairank {

template <typename T>
struct Span {
  T* data = nullptr;
  size_t size = 0;
};

template <typename T>
struct TypedArrayName;
template <>
struct TypedArrayName<float> {
  static constexpr napi_typedarray_type kType = napi_float32_array;
  static constexpr const char* kName = "Float32Array";
};
template <>
struct TypedArrayName<double> {
  static constexpr napi_typedarray_type kType = napi_float64_array;
  static constexpr const char* kName = "Float64Array";
};
template <>
struct TypedArrayName<int8_t> {
  static constexpr napi_typedarray_type kType = napi_int8_array;
  static constexpr const char* kName = "Int8Array";
};
template <>
struct TypedArrayName<uint16_t> {
  static constexpr napi_typedarray_type kType = napi_uint16_array;
  static constexpr const char* kName = "Uint16Array";
};
template <>
struct TypedArrayName<int32_t> {
  static constexpr napi_typedarray_type kType = napi_int32_array;
  static constexpr const char* kName = "Int32Array";
};
template <>
struct TypedArrayName<uint32_t> {
  static constexpr napi_typedarray_type kType = napi_uint32_array;
  static constexpr const char* kName = "Uint32Array";
};

/// Refuses an argument: `name` as the caller would write it, what it must be, and what it is.
[[noreturn]] inline void refuse(const std::string& name, const std::string& expected,
                                const std::string& received = {}) {
  throw ArgumentError(name, expected, received);
}

/// The elements of a typed array of exactly this type, in memory that is still attached.
template <typename T>
Span<T> spanOf(const Napi::Value& value, const std::string& name) {
  const std::string expected = std::string("a ") + TypedArrayName<T>::kName;
  if (value.IsEmpty() || !value.IsTypedArray()) refuse(name, expected);
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_get_typedarray_info(value.Env(), value, &type, &length, &data, &buffer, nullptr) != napi_ok ||
      type != TypedArrayName<T>::kType) {
    refuse(name, expected);
  }
  bool detached = false;
  if (napi_is_detached_arraybuffer(value.Env(), buffer, &detached) != napi_ok || detached) {
    refuse(name, expected + " whose buffer is not detached", "one whose buffer is");
  }
  return {static_cast<T*>(data), length};
}

/// The same, of exactly `size` elements.
template <typename T>
Span<T> spanOf(const Napi::Value& value, const std::string& name, size_t size) {
  const Span<T> span = spanOf<T>(value, name);
  if (span.size != size) {
    refuse(name, std::string("a ") + TypedArrayName<T>::kName + " of " + std::to_string(size) + " elements",
           std::to_string(span.size));
  }
  return span;
}

/// A whole number of the inclusive range.
inline size_t wholeOf(const Napi::Value& value, const std::string& name, size_t least, size_t most) {
  const double number = !value.IsEmpty() && value.IsNumber() ? value.As<Napi::Number>().DoubleValue()
                                                             : std::numeric_limits<double>::quiet_NaN();
  if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) ||
      number != static_cast<double>(static_cast<size_t>(number))) {
    refuse(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<size_t>(number);
}

/// a * b, refused where it does not fit: a product of sizes that wrapped round would pass for a small one.
inline size_t product(size_t a, size_t b, const std::string& name) {
  if (b != 0 && a > std::numeric_limits<size_t>::max() / b) refuse(name, "smaller");
  return a * b;
}

}  // namespace kairank
