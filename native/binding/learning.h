#pragma once
// NativeLearning of src/native.ts: data sets, learners and evaluation.

#include <napi.h>

namespace kairank {

/// The `learning` object of the addon.
Napi::Object makeLearning(Napi::Env env);

}  // namespace kairank
