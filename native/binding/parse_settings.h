#pragma once
// How options and settings of learners are read, whichever learner it is.

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>
#include <vector>

#include "parse.h"

namespace kairank {

constexpr double kMaxBudget = 1e9;             // seconds
constexpr size_t kMaxSeed = 9007199254740991;  // largest whole number that JavaScript holds exactly

/// Offsets of `size` entries as whole numbers. Order and range are checked where they are used.
inline std::vector<uint64_t> offsetsOf(const Napi::Value& value, const std::string& name) {
  const Span<double> span = spanOf<double>(value, name);
  std::vector<uint64_t> out(span.size);
  for (size_t i = 0; i < span.size; i++) {
    const double offset = span.data[i];
    if (!(offset >= 0 && offset <= static_cast<double>(kMaxSeed)) || offset != std::floor(offset)) {
      refuse(name + "[" + std::to_string(i) + "]", "a whole number, not negative");
    }
    out[i] = static_cast<uint64_t>(offset);
  }
  return out;
}

template <typename T>
std::vector<T> vectorOf(const Napi::Value& value, const std::string& name) {
  const Span<T> span = spanOf<T>(value, name);
  return std::vector<T>(span.data, span.data + span.size);
}

inline double settingOf(const Napi::Value& value, const std::string& name) {
  return numberOf(value, "settings." + name, -1e30, 1e30);
}

inline uint32_t wholeSettingOf(const Napi::Value& value, const std::string& name) {
  return static_cast<uint32_t>(wholeOf(value, "settings." + name, 0, 0x7FFFFFFF));
}

/// A setting by its name: a whole number, or any.
template <typename Settings, typename T>
struct NamedField {
  const char* name;
  T Settings::*field;
};

/// The settings of a learner, checked; a name that is absent keeps its default, an unknown one is refused.
template <typename Settings>
Settings namedSettings(const Napi::Value& value, std::initializer_list<NamedField<Settings, uint32_t>> wholes,
                       std::initializer_list<NamedField<Settings, double>> numbers) {
  Settings out;
  const Napi::Object settings = objectOf(value, "settings");
  const Napi::Array names = settings.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); i++) {
    const std::string name = names.Get(i).ToString();
    const auto isNamed = [&](const auto& entry) { return name == entry.name; };
    const auto whole = std::find_if(wholes.begin(), wholes.end(), isNamed);
    const auto number = std::find_if(numbers.begin(), numbers.end(), isNamed);
    if (whole != wholes.end()) {
      out.*whole->field = wholeSettingOf(settings.Get(name), name);
    } else if (number != numbers.end()) {
      out.*number->field = settingOf(settings.Get(name), name);
    } else {
      refuse("settings." + name, "a setting of this learner");
    }
  }
  checkSettings(out);
  return out;
}

inline uint32_t wholeUpTo(const Napi::Object& object, const char* key, const std::string& name, size_t least,
                          size_t most) {
  return static_cast<uint32_t>(wholeOf(object.Get(key), name + "." + key, least, most));
}

}  // namespace kairank
