// What the addon exports: the list of NativeAddon in src/native.ts.

#include <napi.h>

#include "environment.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  kairank::Environment::create(env);
  return exports;
}

NODE_API_MODULE(kairank, Init)
