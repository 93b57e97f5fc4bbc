#pragma once
// Native objects behind JavaScript objects. Each kind has a type tag, so that an object of another kind, or a plain
// one, is refused and never read as what it is not.

#include <napi.h>

#include <memory>
#include <string>
#include <utility>

#include "../include/status.h"

namespace kairank {

/// Tag of NativeModels: wrapHandle<const ModelSet>, made by the learners and read by publish().
constexpr napi_type_tag kModelsTag = {0x6b6169726e6b4d6fu, 0x64656c7365740001u};

namespace handles {

template <typename T>
struct Held {
  std::shared_ptr<T> value;
  int64_t bytes;
};

template <typename T>
void release(napi_env env, void* data, void*) {
  Held<T>* held = static_cast<Held<T>*>(data);
  if (held->bytes != 0) {
    int64_t total = 0;
    napi_adjust_external_memory(env, -held->bytes, &total);
  }
  delete held;
}

}  // namespace handles

/// A new JavaScript object that keeps `value` alive. `bytes` of native memory are told to the garbage collector, so
/// that large data does not outlive its use for want of pressure. Properties and methods are the caller's to add.
template <typename T>
Napi::Object wrapHandle(Napi::Env env, std::shared_ptr<T> value, const napi_type_tag& tag, int64_t bytes = 0) {
  Napi::Object object = Napi::Object::New(env);
  object.TypeTag(&tag);
  auto held = std::make_unique<handles::Held<T>>(handles::Held<T>{std::move(value), bytes});
  napi_status status = napi_wrap(env, object, held.get(), handles::release<T>, nullptr, nullptr);
  NAPI_THROW_IF_FAILED(env, status, Napi::Object());
  held.release();
  if (bytes != 0) Napi::MemoryManagement::AdjustExternalMemory(env, bytes);
  return object;
}

/// What `wrapHandle` put behind an object, with the same tag and the same T.
/// Throws Error(invalidArgument) naming `what` for any other value.
template <typename T>
std::shared_ptr<T> unwrapHandle(Napi::Value value, const napi_type_tag& tag, const char* what) {
  if (value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&tag)) {
    void* data = nullptr;
    if (napi_unwrap(value.Env(), value, &data) == napi_ok && data) {
      return static_cast<handles::Held<T>*>(data)->value;
    }
  }
  throw Error(Status::invalidArgument, std::string(what) + ": expected an object that kairank made for this use");
}

}  // namespace kairank
