#pragma once
// What every learner takes and gives, between JavaScript and native memory.

#include <napi.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../learn/dataset.h"
#include "errors.h"
#include "handles.h"
#include "parse.h"

namespace kairank {

constexpr napi_type_tag kDatasetTag = {0x6b6169726e6b4461u, 0x7461736574000001u};

using Arguments = const Napi::CallbackInfo&;

/// A function of the addon whose C++ exceptions become JavaScript's.
template <Napi::Value (*fn)(Arguments)>
Napi::Value guarded(Arguments info) {
  return guard(info.Env(), [&] { return fn(info); });
}

inline uint32_t itemsOf(const Napi::Value& value) {
  return static_cast<uint32_t>(wholeOf(value, "items", 0, kMaxRows));
}

inline std::shared_ptr<const Dataset> datasetOf(const Napi::Value& value) {
  return unwrapHandle<const Dataset>(value, kDatasetTag, "data");
}

inline Napi::Object settingsObject(Napi::Env env, const std::vector<std::pair<std::string, double>>& settings) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, value] : settings) object.Set(name, value);
  return object;
}

inline Napi::Value trialsArray(Napi::Env env, const std::vector<Trial>& trials) {
  Napi::Array array = Napi::Array::New(env, trials.size());
  for (uint32_t i = 0; i < trials.size(); i++) {
    Napi::Object trial = Napi::Object::New(env);
    trial.Set("settings", settingsObject(env, trials[i].settings));
    trial.Set("ndcg", trials[i].ndcg);
    trial.Set("recall", trials[i].recall);
    array.Set(i, trial);
  }
  return array;
}

/// A model by its name, the settings that were chosen, and what was tried.
template <typename Learned>
Napi::Object learnedObject(Napi::Env env, const char* name, const Napi::Object& model, const Learned& learned) {
  Napi::Object object = Napi::Object::New(env);
  object.Set(name, model);
  object.Set("settings", settingsObject(env, named(learned.settings)));
  object.Set("trials", trialsArray(env, learned.trials));
  return object;
}

}  // namespace kairank
