#include "hnswlib_rows.h"

#include "environment.h"
#include "handles.h"

namespace kairank {
namespace {

constexpr napi_type_tag kRowsTag = {0x6b6169726e6b486eu, 0x726f777300000001u};

}  // namespace

Napi::Function RowsObject::define(Napi::Env env) {
  return DefineClass(env, "NativeLabelledRows",
                     {
                         InstanceAccessor<&RowsObject::capacity>("capacity", napi_enumerable),
                         InstanceAccessor<&RowsObject::count>("count", napi_enumerable),
                         InstanceMethod<&RowsObject::add>("add"),
                         InstanceMethod<&RowsObject::remove>("remove"),
                         InstanceMethod<&RowsObject::search>("search"),
                         InstanceMethod<&RowsObject::write>("write"),
                         InstanceMethod<&RowsObject::writeSync>("writeSync"),
                     });
}

Napi::Object RowsObject::wrap(Napi::Env env, std::shared_ptr<HeldRows> held) {
  Environment& environment = Environment::of(env);
  if (environment.labelledRowsClass.IsEmpty()) environment.labelledRowsClass = Napi::Persistent(define(env));
  return environment.labelledRowsClass.New({wrapHandle<HeldRows>(env, std::move(held), kRowsTag)});
}

RowsObject::RowsObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RowsObject>(info) {
  held_ = guard(info.Env(), [&] { return unwrapHandle<HeldRows>(info[0], kRowsTag, "rows"); });
  memory_.tell(info.Env(), held_->read().bytes());
}

Napi::Value RowsObject::capacity(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(held_->read().capacity()));
}

Napi::Value RowsObject::count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), held_->read().size());
}

Napi::Value RowsObject::add(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const size_t label = wholeOf(info[1], "label", 0, kMaxU32);
    const Span<float> point = spanOf<float>(info[0], "point", held_->read().dim());
    held_->change().add(point.data, label);
    memory_.tell(info.Env(), held_->read().bytes());
    return info.Env().Undefined();
  });
}

Napi::Value RowsObject::remove(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    held_->change().remove(wholeOf(info[0], "label", 0, kMaxU32));
    return info.Env().Undefined();
  });
}

Napi::Value RowsObject::search(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const size_t k = wholeOf(info[1], "k", 0, kMaxU32);
    const Span<float> query = spanOf<float>(info[0], "query", held_->read().dim());
    return searchWith(*held_, info[2],
                      [&](LabelFilter* filter) { return held_->read().search(query.data, k, filter); });
  });
}

Napi::Value RowsObject::write(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value { return writeJob(info.Env(), held_, pathOf(info[0])); });
}

Napi::Value RowsObject::writeSync(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    writeFile(held_->read(), pathOf(info[0]));
    return info.Env().Undefined();
  });
}

}  // namespace kairank
