#pragma once
// The content tower in NativeLearning of src/native.ts: what is known of items, and the learner that reads it.

#include <napi.h>

#include "../state/content_model.h"

namespace kairank {

/// A list of NativeModality about `items` items. @throws Error(invalidArgument)
ContentFeatures contentOf(uint32_t items, const Napi::Value& modalities);

/// Adds createContent, learnContent, fitContent and contentFromTensors.
void addContentLearning(Napi::Env env, Napi::Object learning);

}  // namespace kairank
