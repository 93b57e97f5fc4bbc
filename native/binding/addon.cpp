// What the addon exports: the list of NativeAddon in src/native.ts.

#include <napi.h>

#include "core_object.h"
#include "environment.h"
#include "hnswlib.h"
#include "kernels.h"
#include "learning.h"
#include "pin.h"
#include "vector_object.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  kairank::pinLibrary();
  kairank::Environment::create(env);
  exports.Set("dispatch", Napi::Function::New(env, kairank::dispatchInfo, "dispatch"));
  exports.Set("kernels", kairank::makeKernels(env));
  exports.Set("learning", kairank::makeLearning(env));
  exports.Set("hnswlib", kairank::makeHnswlib(env));
  kairank::exportCore(env, exports);
  kairank::exportVector(env, exports);
  return exports;
}

NODE_API_MODULE(kairank, Init)
