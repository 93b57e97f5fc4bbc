#pragma once
// How options and settings of learners are read, whichever learner it is.

#include <string>

#include "parse.h"

namespace kairank {

constexpr double kMaxBudget = 1e9;             // seconds
constexpr size_t kMaxSeed = 9007199254740991;  // largest whole number that JavaScript holds exactly

inline double settingOf(const Napi::Value& value, const std::string& name) {
  return numberOf(value, "settings." + name, -1e30, 1e30);
}

inline uint32_t wholeSettingOf(const Napi::Value& value, const std::string& name) {
  return static_cast<uint32_t>(wholeOf(value, "settings." + name, 0, 0x7FFFFFFF));
}

/// Calls set(name, value) for every property; `set` returns false for a name it does not know.
template <typename Set>
void eachSetting(const Napi::Value& value, const Set& set) {
  const Napi::Object settings = objectOf(value, "settings");
  const Napi::Array names = settings.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); i++) {
    const std::string name = names.Get(i).ToString();
    if (!set(name, settings.Get(name))) refuse("settings." + name, "a setting of this learner");
  }
}

inline uint32_t wholeUpTo(const Napi::Object& object, const char* key, const std::string& name, size_t least,
                          size_t most) {
  return static_cast<uint32_t>(wholeOf(object.Get(key), name + "." + key, least, most));
}

}  // namespace kairank
