#pragma once
// NativeLabelledRows of src/native-hnswlib.ts.

#include <napi.h>

#include <memory>

#include "../vector/hnswlib/labelled_rows.h"
#include "hnswlib_index.h"

namespace kairank {

using HeldRows = HeldIndex<LabelledRows>;

class RowsObject : public Napi::ObjectWrap<RowsObject> {
 public:
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<HeldRows> held);

  /// Only `wrap` may call it.
  explicit RowsObject(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override { memory_.tell(env, 0); }

 private:
  static Napi::Function define(Napi::Env env);

  Napi::Value capacity(const Napi::CallbackInfo& info);
  Napi::Value count(const Napi::CallbackInfo& info);
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value remove(const Napi::CallbackInfo& info);
  Napi::Value search(const Napi::CallbackInfo& info);
  Napi::Value write(const Napi::CallbackInfo& info);
  Napi::Value writeSync(const Napi::CallbackInfo& info);

  std::shared_ptr<HeldRows> held_;
  ToldMemory memory_;
};

}  // namespace kairank
