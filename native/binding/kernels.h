#pragma once
// The `kernels` object and the `dispatch` function of src/native.ts.

#include <napi.h>

namespace kairank {

/// The kernels as plain calls on typed arrays, for tests and benches. Types and sizes are checked here again.
Napi::Object makeKernels(Napi::Env env);

/// What dispatch chose and from what.
Napi::Value dispatchInfo(const Napi::CallbackInfo& info);

}  // namespace kairank
