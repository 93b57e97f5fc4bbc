#pragma once
// Models as JavaScript holds them: handles that read their arrays, and sets made of them.

#include <napi.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "../recall/make_models.h"

namespace kairank {

/// A typed array with a copy of `values`.
template <typename Array, typename T>
Napi::Value arrayOf(Napi::Env env, const std::vector<T>& values) {
  Array array = Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

/// The NativeRules, NativeFactors, NativeSequence, NativeSessions, NativeContent, NativeRanker and NativeModels of
/// src/native.ts.
Napi::Object rulesObject(Napi::Env env, std::shared_ptr<const RulesModel> model);
Napi::Object factorsObject(Napi::Env env, std::shared_ptr<const FactorsModel> model);
Napi::Object sequenceObject(Napi::Env env, std::shared_ptr<const SequenceModel> model);
Napi::Object sessionsObject(Napi::Env env, std::shared_ptr<const SessionsModel> model);
Napi::Object rankerObject(Napi::Env env, std::shared_ptr<const RankerModel> model);
std::shared_ptr<const RankerModel> rankerOf(const Napi::Value& value, const char* name);
Napi::Object contentObject(Napi::Env env, std::shared_ptr<const ContentModel> model);
Napi::Object modelsObject(Napi::Env env, std::shared_ptr<const ModelSet> models);

/// The models and the popularity of a NativeModelParts; the rest keeps its defaults.
ModelParts partsFrom(const Napi::Value& value);

}  // namespace kairank
