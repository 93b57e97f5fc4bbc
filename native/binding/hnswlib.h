#pragma once
// NativeHnswlib of src/native-hnswlib.ts: what the drop-in for hnswlib-node is made of.

#include <napi.h>

namespace kairank {

Napi::Object makeHnswlib(Napi::Env env);

}  // namespace kairank
