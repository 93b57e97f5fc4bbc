#include <napi.h>

#include "kernels.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("dispatch", Napi::Function::New(env, kairank::dispatchInfo, "dispatch"));
  exports.Set("kernels", kairank::makeKernels(env));
  return exports;
}

NODE_API_MODULE(kairank, Init)
