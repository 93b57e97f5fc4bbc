#pragma once
// NativeLabelledGraph of src/native-hnswlib.ts.

#include <napi.h>

#include <memory>

#include "../vector/hnswlib/labelled_graph.h"
#include "hnswlib_index.h"

namespace kairank {

using HeldGraph = HeldIndex<LabelledGraph>;

class GraphObject : public Napi::ObjectWrap<GraphObject> {
 public:
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<HeldGraph> held);

  /// Only `wrap` may call it.
  explicit GraphObject(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override { memory_.tell(env, 0); }

 private:
  static Napi::Function define(Napi::Env env);

  Napi::Value capacity(const Napi::CallbackInfo& info);
  Napi::Value count(const Napi::CallbackInfo& info);
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value markDeleted(const Napi::CallbackInfo& info);
  Napi::Value unmarkDeleted(const Napi::CallbackInfo& info);
  Napi::Value resize(const Napi::CallbackInfo& info);
  Napi::Value search(const Napi::CallbackInfo& info);
  Napi::Value labels(const Napi::CallbackInfo& info);
  Napi::Value point(const Napi::CallbackInfo& info);
  Napi::Value write(const Napi::CallbackInfo& info);
  Napi::Value writeSync(const Napi::CallbackInfo& info);

  std::shared_ptr<HeldGraph> held_;
  ToldMemory memory_;
};

}  // namespace kairank
