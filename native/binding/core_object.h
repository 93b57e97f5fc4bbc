#pragma once
// NativeCore of src/native.ts: a handle on a core in one environment.

#include <napi.h>

#include <memory>

#include "../pipeline/core.h"

namespace kairank {

/// createCore(options) and attachCore(token).
void exportCore(Napi::Env env, Napi::Object exports);

class CoreObject : public Napi::ObjectWrap<CoreObject> {
 public:
  static Napi::Function define(Napi::Env env);

  /// A JavaScript object for a core.
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<Core> core);

  /// Only `wrap` may call it: anything else throws KAIRANK_INVALID_ARGUMENT.
  explicit CoreObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value token(const Napi::CallbackInfo& info);
  Napi::Value putItems(const Napi::CallbackInfo& info);
  Napi::Value removeItems(const Napi::CallbackInfo& info);
  Napi::Value reserveItems(const Napi::CallbackInfo& info);
  Napi::Value hasItem(const Napi::CallbackInfo& info);
  Napi::Value addEvents(const Napi::CallbackInfo& info);
  Napi::Value feedback(const Napi::CallbackInfo& info);
  Napi::Value feedbackState(const Napi::CallbackInfo& info);
  Napi::Value resumeFeedback(const Napi::CallbackInfo& info);
  Napi::Value counts(const Napi::CallbackInfo& info);
  Napi::Value history(const Napi::CallbackInfo& info);
  Napi::Value exportHistories(const Napi::CallbackInfo& info);
  Napi::Value userRows(const Napi::CallbackInfo& info);
  Napi::Value exportKeys(const Napi::CallbackInfo& info);
  Napi::Value compileFilter(const Napi::CallbackInfo& info);
  Napi::Value countEligible(const Napi::CallbackInfo& info);
  Napi::Value publish(const Napi::CallbackInfo& info);
  Napi::Value putContent(const Napi::CallbackInfo& info);
  Napi::Value withoutContent(const Napi::CallbackInfo& info);
  Napi::Value placeNewcomers(const Napi::CallbackInfo& info);
  Napi::Value request(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  /// The core; throws Error(closed) once any handle has closed it. A copy, because reading an argument may run
  /// JavaScript that closes this handle.
  std::shared_ptr<Core> open() const;

  std::shared_ptr<Core> core_;  // null once closed by this handle
};

}  // namespace kairank
